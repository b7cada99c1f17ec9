/** What records have in common is kept once: a million replicas would each have its own copy otherwise. Equal records stay equal. */
import lodash from 'lodash';
import type { MemberAddress } from '../../executor/assignment.js';
import type { ScorePart } from '../../placement/types.js';
import { setNewest } from './newest.js';
import type { AgentRef, AppRecord, ReplicaRecord, TaskRecord } from './records.js';

/** Texts of tasks that many of them have. */
const textFields = ['appId', 'version', 'configurationVersion', 'stagedAt'] as const;

/** `known` in place of a list that says the same. */
export function sharedMembers(list: MemberAddress[], known: MemberAddress[]): MemberAddress[] {
  const isSame = (one: MemberAddress, other: MemberAddress | undefined) =>
    one.member === other?.member &&
    one.slot === other.slot &&
    one.host === other.host &&
    one.consensusPort === other.consensusPort &&
    one.servicePort === other.servicePort;
  return list.length === known.length && list.every((one, place) => isSame(one, known[place])) ? known : list;
}

/** Many replicas are placed as well as each other. */
const partsMax = 4096;

/** An equal list among those that were met last, or this one. */
export function sharedParts(known: Map<string, ScorePart[]>, parts: ScorePart[]): ScorePart[] {
  const key = JSON.stringify(parts);
  const shared = known.get(key) ?? parts;
  setNewest(known, key, shared, partsMax);
  return shared;
}

/** Of records that come from the store, one after the other. */
export class Sharing {
  readonly #agents = new Map<string, AgentRef>();
  readonly #texts = new Map<string, string>();
  readonly #parts = new Map<string, ScorePart[]>();
  /** By app and generation: the last that was read. */
  readonly #configurations = new Map<string, MemberAddress[]>();

  record(kind: string, record: object): object {
    if (kind === 'app') return this.#app(record as AppRecord);
    return kind === 'task' ? this.#task(record as TaskRecord) : record;
  }

  #app(app: AppRecord): AppRecord {
    const { id, spec, active, group } = app;
    const configuration = group && this.#members(id, group.generation, group.configuration);
    return {
      ...app,
      active: lodash.isEqual(spec, active) ? spec : active,
      group: group && configuration && { ...group, configuration },
    };
  }

  #task(task: TaskRecord): TaskRecord {
    const texts = lodash.mapValues(lodash.pick(task, textFields), (text) => this.#text(text));
    const { agent, replica, placement } = task;
    return {
      ...{ ...task, ...texts },
      agent: this.#agent(agent),
      placement: placement && { ...placement, parts: sharedParts(this.#parts, placement.parts) },
      replica: replica && this.#replica(task),
    };
  }

  #replica({ appId, replica }: TaskRecord): ReplicaRecord | null {
    if (!replica?.report) return replica;
    const { generation, report } = replica;
    const configuration = this.#members(appId, generation, report.configuration);
    return { ...replica, report: { ...report, configuration } };
  }

  #members(appId: string, generation: number, list: MemberAddress[]): MemberAddress[] {
    const group = `${appId} ${generation}`;
    const shared = sharedMembers(list, this.#configurations.get(group) ?? []);
    this.#configurations.set(group, shared);
    return shared;
  }

  #agent(agent: AgentRef): AgentRef {
    const known = this.#agents.get(agent.id);
    if (lodash.isEqual(known, agent)) return known as AgentRef;
    this.#agents.set(agent.id, agent);
    return agent;
  }

  #text(text: string): string {
    const known = this.#texts.get(text) ?? text;
    this.#texts.set(known, known);
    return known;
  }
}
