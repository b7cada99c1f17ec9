import { ladderOf, type Rung, rungFault } from '../../placement/index.js';
import { guestSuspicionMsDefault, type Replication, suspicionMsDefault } from '../app.js';
import { type Problems, show } from './problems.js';
import { type Reader, readObject, readString, refuseUnknown, requirePresent } from './reader.js';
import { readSnapshot } from './snapshot.js';

/** A group has at most nine members, a spare one included: slots are 0..8, as the consensus core counts them. */
export const REPLICAS_MAX = 9;
const SPREAD_DEFAULT = ['zone', 'rack', 'host'];
const SPREAD_STEPS_MAX = 8;
const SCATTER_WIDTH_MAX = 64;
const DOMAIN = /^[A-Za-z0-9_.-]{1,64}$/;

/** The block `replication`, our extension of Marathon's spec. Its unknown keys are refused, not ignored: a misspelt
 *  promise of safety must not go unnoticed. */
export function readReplication(reader: Reader): Replication | undefined {
  const inner = reader.object('replication');
  if (inner === undefined) return undefined;
  const scatterWidth = inner.integer('scatterWidth', { min: 1, max: SCATTER_WIDTH_MAX });
  const protocol = inner.choice('protocol', ['apus', 'vm'] as const) ?? 'apus';
  const replication: Replication = {
    protocol,
    transport: inner.choice('transport', ['auto', 'shm', 'verbs', 'tcp'] as const) ?? 'auto',
    ...readWay(inner),
    suspicionMs: inner.integer('suspicionMs', { min: 50, max: 60_000 }) ?? suspicionMsDefaultOf(protocol),
    durability: inner.choice('durability', ['memory', 'disk'] as const) ?? 'memory',
    snapshot: readSnapshot(inner),
    spread: inner.list('spread', readRung) ?? SPREAD_DEFAULT,
    ...(scatterWidth === undefined ? {} : { scatterWidth }),
  };
  const fields = 'protocol, via, compareOutput, transport, suspicionMs, durability, snapshot, spread and scatterWidth';
  refuseUnknown(inner, 'replication', fields);
  checkSpread(replication.spread, inner.problems);
  return replication;
}

/** Canonical is what says something: the defaults are left out. */
function readWay(inner: Reader): Pick<Replication, 'via' | 'compareOutput'> {
  const gateway = inner.choice('via', ['preload', 'gateway'] as const) === 'gateway';
  const compares = inner.boolean('compareOutput');
  if (compares === false && !gateway)
    inner.problems.add(
      'rule',
      '/replication/compareOutput',
      'compareOutput is false, but only programs behind a gateway can go uncompared; leave it out, or give via "gateway"',
    );
  return {
    ...(gateway ? { via: 'gateway' as const } : {}),
    ...(compares === false ? { compareOutput: false as const } : {}),
  };
}

const suspicionMsDefaultOf = (protocol: Replication['protocol']) =>
  protocol === 'vm' ? guestSuspicionMsDefault : suspicionMsDefault;

export const DOMAIN_LIMITS = { pattern: DOMAIN, patternMeaning: 'zone, rack, host or the name of an agent attribute' };

/** A failure domain's name, or an object that says more about it. */
function readRung(value: unknown, path: string, problems: Problems): Rung | undefined {
  if (typeof value !== 'object') return readString(value, path, DOMAIN_LIMITS, problems);
  const inner = readObject(value, path, problems);
  if (inner === undefined) return undefined;
  requirePresent(inner, 'domain', DOMAIN_LIMITS.patternMeaning);
  const domain = inner.string('domain', DOMAIN_LIMITS) ?? '';
  const maxPerDomain = inner.integer('maxPerDomain', { min: 1 });
  const required = inner.boolean('required');
  refuseUnknown(inner, 'a failure domain', 'domain, maxPerDomain and required');
  const rung = {
    domain,
    ...(maxPerDomain === undefined ? {} : { maxPerDomain }),
    ...(required === undefined ? {} : { required }),
  };
  const fault = rungFault(rung);
  if (fault !== null) problems.add('rule', `${path}/maxPerDomain`, fault);
  return rung;
}

function checkSpread(rungs: Rung[], problems: Problems): void {
  const path = '/replication/spread';
  const spread = ladderOf(rungs);
  const host = spread.indexOf('host');
  if (new Set(spread).size < spread.length) {
    problems.add('rule', path, `spread is ${show(spread)}; name each failure domain once, widest first`);
  }
  if (spread.length > SPREAD_STEPS_MAX) {
    problems.add('rule', path, `spread has ${spread.length} failure domains; use at most ${SPREAD_STEPS_MAX}`);
  }
  if (host !== -1 && host < spread.length - 1) {
    problems.add('rule', path, `spread is ${show(spread)}; host is the narrowest failure domain, put it last`);
  }
}
