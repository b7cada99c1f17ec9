import lodash from 'lodash';
import { reservationRole, toThousandths } from '../../mesos-http-client/resources.js';
import type { Resource } from '../../mesos-http-client/types.js';
import { Refusal } from '../http-call.js';
import type { Allocation } from './allocator.js';
import { roleError, rolesOf } from './framework-validation.js';
import { allocateNow, freeOnAgent, rescind, totalOfActive, usedEverywhere } from './offers.js';
import {
  beyond,
  consumedBy,
  exceeds,
  isWithin,
  NO_QUOTA,
  type Quantities,
  type Quota,
  quantitiesOf,
  topmost,
  total,
} from './quota.js';
import { type HeldOffer, type MasterState, type Step, saveRegistry } from './state.js';

/** Roles as operators see and set them: quotas and weights (src/master/quota_handler.cpp, weights_handler.cpp). */

type ScalarMap = Record<string, { value: number }>;

export interface QuotaConfig {
  role: string;
  guarantees?: ScalarMap;
  limits?: ScalarMap;
}

export interface WeightInfo {
  role: string;
  weight: number;
}

const fromMap = (map: ScalarMap = {}): Quantities => lodash.mapValues(map, ({ value }) => toThousandths(value));
const plainAmounts = (amounts: Quantities) => lodash.mapValues(amounts, (amount) => amount / 1000);
const toMap = (amounts: Quantities): ScalarMap => lodash.mapValues(amounts, (amount) => ({ value: amount / 1000 }));

function quotaOf({ guarantees, limits }: QuotaConfig): Quota {
  return { guarantees: fromMap(guarantees), limits: fromMap(limits) };
}

/** @throws Refusal unless all of it can be set */
export function checkQuotas(state: MasterState, configs: readonly QuotaConfig[], force: boolean): void {
  for (const config of configs) checkQuota(config);
  const quotas = withQuotas(state, configs);
  for (const [role] of quotas) checkFamily(quotas, role);
  if (force) return;
  const wanted = guaranteedTo(quotas, topmost([...quotas.keys()]));
  const cluster = quantitiesOf(totalOfActive(state));
  const short = Object.keys(wanted).find((name) => (wanted[name] ?? 0) > (cluster[name] ?? 0));
  if (short !== undefined) {
    const words = `guarantees of ${short} are more than the cluster has; use the 'force' flag to set them all the same`;
    throw invalidQuota(words);
  }
}

const invalidQuota = (text: string) => new Refusal(400, `Invalid QuotaConfig: ${text}`);

function checkQuota({ role, guarantees = {}, limits = {} }: QuotaConfig): void {
  const error = roleError(role);
  if (error) throw invalidQuota(`Invalid 'QuotaConfig.role': ${error}`);
  if (role === '*')
    throw invalidQuota("Invalid 'QuotaConfig.role': setting quota for the default '*' role is not supported");
  for (const [name, { value }] of [...Object.entries(guarantees), ...Object.entries(limits)]) {
    if (!(value >= 0 && Number.isFinite(value)))
      throw invalidQuota(`'${name}' of role '${role}' is ${value}, no amount`);
  }
  if (exceeds(fromMap(guarantees), fromMap(limits)))
    throw invalidQuota(`the guarantees of role '${role}' exceed its limits`);
}

function guaranteedTo(quotas: ReadonlyMap<string, Quota>, roles: readonly string[]): Quantities {
  return total(roles.map((role) => (quotas.get(role) ?? NO_QUOTA).guarantees));
}

/** What is promised to the children of a role must be promised to it, and they cannot have more than it. */
function checkFamily(quotas: ReadonlyMap<string, Quota>, role: string): void {
  const { guarantees, limits } = quotas.get(role) ?? NO_QUOTA;
  const children = topmost([...quotas.keys()].filter((other) => other !== role && isWithin(other, role)));
  const promised = guaranteedTo(quotas, children);
  const over = Object.keys(promised).find((name) => (promised[name] ?? 0) > (guarantees[name] ?? 0));
  if (over !== undefined)
    throw invalidQuota(`guarantees of ${over} to roles below '${role}' exceed what it is guaranteed`);
  const freer = children.find((child) => exceeds((quotas.get(child) ?? NO_QUOTA).limits, limits));
  if (freer !== undefined) throw invalidQuota(`the limits of role '${freer}' exceed those of '${role}'`);
}

function withQuotas(state: MasterState, configs: readonly QuotaConfig[]): Map<string, Quota> {
  const quotas = new Map(state.quotas);
  for (const config of configs) {
    if (lodash.isEqual(quotaOf(config), NO_QUOTA)) quotas.delete(config.role);
    else quotas.set(config.role, quotaOf(config));
  }
  return quotas;
}

/** Checked before. Offers that are more than a limit, or in the way of a guarantee, are taken back. */
export function updateQuotas(step: Step, configs: readonly QuotaConfig[]): void {
  const { state } = step;
  state.quotas = withQuotas(state, configs);
  for (const { role } of configs) {
    const { guarantees, limits } = state.quotas.get(role) ?? NO_QUOTA;
    const offered = [...state.offers.values()];
    rescindWhile(
      step,
      offered.filter((offer) => isWithin(offer.role, role)),
      () => exceeds(consumed(state, role), limits),
    );
    rescindWhile(
      step,
      offered.filter((offer) => !isWithin(offer.role, role)),
      () => exceeds(beyond(guarantees, consumed(state, role)), free(state, guarantees)),
    );
  }
  saveRegistry(step);
  allocateNow(step);
}

function rescindWhile(step: Step, offers: readonly HeldOffer[], isTooMuch: () => boolean): void {
  for (const offer of offers) if (isTooMuch()) rescind(step, offer);
}

/** Of what the guarantees name. */
function free(state: MasterState, guarantees: Quantities): Quantities {
  const open = [...state.agents.values()].flatMap((agent) => freeOnAgent(state, agent));
  const amounts = quantitiesOf(open.filter((one) => reservationRole(one) === '*'));
  return lodash.mapValues(guarantees, (_, name) => amounts[name] ?? 0);
}

function consumed(state: MasterState, role: string): Quantities {
  return consumedBy(role, totalOfActive(state), [...usedEverywhere(state), ...state.offers.values()]);
}

/** @throws Refusal */
export function checkWeights(infos: readonly WeightInfo[]): void {
  for (const { role, weight } of infos) {
    const error = roleError(role);
    if (error)
      throw new Refusal(400, `Failed to validate update weights request: Invalid weight role '${role}': ${error}`);
    if (!(weight > 0)) {
      throw new Refusal(
        400,
        `Failed to validate update weights request: Invalid weight '${weight}' for role '${role}': Weights must be positive`,
      );
    }
  }
}

/** Checked before. Everything that is offered is shared out anew if a role is concerned that somebody has. */
export function updateWeights(step: Step, infos: readonly WeightInfo[]): void {
  const { state } = step;
  const active = new Set([...state.frameworks.values()].flatMap(({ info }) => rolesOf(info)));
  for (const { role, weight } of infos) state.weights.set(role, weight);
  if (infos.some(({ role }) => [...active].some((one) => isWithin(one, role))))
    for (const offer of [...state.offers.values()]) rescind(step, offer);
  saveRegistry(step);
  allocateNow(step);
}

export function weightInfos({ weights }: MasterState): WeightInfo[] {
  return [...weights].map(([role, weight]) => ({ role, weight }));
}

/** Empty without quotas, as JSON of protobuf is. */
export function quotaStatus({ quotas }: MasterState): object {
  if (quotas.size === 0) return {};
  const guaranteed = [...quotas].filter(([, { guarantees }]) => Object.keys(guarantees).length > 0);
  const asResources = (amounts: Quantities) =>
    Object.entries(toMap(amounts)).map(([name, scalar]) => ({ name, type: 'SCALAR', scalar }));
  return {
    infos: guaranteed.map(([role, { guarantees }]) => ({ role, guarantee: asResources(guarantees) })),
    configs: [...quotas].map(([role, quota]) => ({
      role,
      guarantees: toMap(quota.guarantees),
      limits: toMap(quota.limits),
    })),
  };
}

/** Those somebody has, or something is said about. */
function knownRoles(state: MasterState): string[] {
  const reserved = [...state.agents.values()].flatMap(({ info }) => (info.resources ?? []).map(reservationRole));
  const held = [...state.frameworks.values()].flatMap(({ info }) => rolesOf(info));
  const named = [...held, ...state.quotas.keys(), ...state.weights.keys(), ...reserved.filter((role) => role !== '*')];
  return lodash.uniq(named).sort();
}

interface RoleFacts {
  name: string;
  weight: number;
  frameworks: string[];
  allocated: Resource[];
  offered: Resource[];
  reserved: Resource[];
}

/** @param used what tasks and executors hold */
function factsOf(state: MasterState, name: string, used: readonly Allocation[]): RoleFacts {
  const ofRole = (all: readonly { role: string; resources: readonly Resource[] }[]) =>
    all.filter(({ role }) => isWithin(role, name)).flatMap(({ resources }) => resources);
  return {
    name,
    weight: state.weights.get(name) ?? 1,
    frameworks: [...state.frameworks.values()].filter(({ info }) => rolesOf(info).includes(name)).map(({ id }) => id),
    allocated: ofRole(used),
    offered: ofRole([...state.offers.values()]),
    reserved: [...state.agents.values()].flatMap(({ info }) =>
      (info.resources ?? []).filter((one) => isWithin(reservationRole(one), name)),
    ),
  };
}

const scalars = (resources: readonly Resource[]) => resources.filter(({ type }) => type === 'SCALAR');

/** GET /roles */
export function rolesPage(state: MasterState): object {
  const used = usedEverywhere(state);
  const whole = totalOfActive(state);
  const roles = knownRoles(state).map((role) => {
    const { name, weight, frameworks, allocated, offered, reserved } = factsOf(state, role, used);
    const { guarantees, limits } = state.quotas.get(name) ?? NO_QUOTA;
    const consumedNow = consumedBy(name, whole, used);
    const quota = {
      role: name,
      guarantee: plainAmounts(guarantees),
      limit: plainAmounts(limits),
      consumed: plainAmounts(lodash.omit(consumedNow, 'ports')),
    };
    const shown = (resources: readonly Resource[]) => plainAmounts(quantitiesOf(resources));
    const resources = shown([...allocated, ...offered]);
    return {
      name,
      weight,
      quota,
      resources,
      allocated: shown(allocated),
      offered: shown(offered),
      reserved: shown(reserved),
      frameworks,
    };
  });
  return { roles };
}

/** GET_ROLES */
export function rolesMessage(state: MasterState): object {
  const used = usedEverywhere(state);
  const roles = knownRoles(state).map((role) => {
    const { name, weight, frameworks, allocated, offered } = factsOf(state, role, used);
    const amounts = toMap(quantitiesOf(scalars([...allocated, ...offered])));
    const resources = Object.entries(amounts).map(([one, scalar]) => ({ name: one, type: 'SCALAR', scalar }));
    return {
      name,
      weight,
      frameworks: frameworks.map((value) => ({ value })),
      resources: lodash.sortBy(resources, 'name'),
    };
  });
  return { roles };
}
