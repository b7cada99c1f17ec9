/**
 * Members that have ended and may return: with durability `disk` a member is what it keeps on its agent. It is launched
 * there again, as itself, with its number and ports, and only given up when the group can do without it.
 */
import { cannotReturnLabel, type MemberAddress } from '../../executor/assignment.js';
import { majorityOf } from '../../placement/index.js';
import type { GroupRequest } from '../../placement/types.js';
import type { TaskStatus } from '../mesos-http-client/index.js';
import type { Context } from './context.js';
import { type Demand, isDelayed, requestBack } from './demand.js';
import { putGroup } from './groups.js';
import { caughtUp, type Group } from './quorum.js';
import type { AppRecord, AwayMember, TaskRecord } from './records.js';
import { requestToReturn } from './residents.js';
import { describeAgent, tell } from './story.js';
import { patienceOf } from './tasks.js';

/** Launches in a row that end before the member runs: what it kept cannot be used. */
const failuresMax = 3;
/** How long a group that can do without a member waits for it, where its app says no time. */
const awayMsDefault = 60_000;
/**
 * Remembers a member that has ended by itself; with durability `memory` it is gone. One that was being taken out when it
 * ended, perhaps since its agent was away, still counts as long as the configuration has it. What it keeps is gone with its agent, which an operator alone
 * can say: TASK_GONE is told of a launch, too, that never came to an agent that is there.
 */
export function noteAway(context: Context, app: AppRecord, task: TaskRecord, status: TaskStatus): void {
  const { group } = app;
  const { replica } = task;
  if (!group || !replica || group.durability !== 'disk' || replica.generation !== group.generation) return;
  const counts = group.configuration.some(({ member }) => member === replica.self.member);
  if (!counts || task.stopping !== null || !group.everLed || status.state === 'TASK_GONE_BY_OPERATOR') return;
  const away: AwayMember = {
    replica: { ...replica, retiring: null, leaving: false, report: null, returnFailures: failuresAfter(task, status) },
    agent: task.agent,
    ports: task.demand.ports,
    sinceMs: context.now,
    ...(task.reservationId === undefined ? {} : { reservationId: task.reservationId }),
  };
  const slot = (one: AwayMember) => one.replica.self.slot;
  putGroup(context, app, { away: [...group.away, away].sort((a, b) => slot(a) - slot(b)) });
}

/** Its executor may know that no launch will do. */
function failuresAfter({ startedAt, replica }: TaskRecord, { labels }: TaskStatus): number {
  if (labels?.labels?.some(({ key }) => key === cannotReturnLabel)) return failuresMax;
  return startedAt === null ? (replica?.returnFailures ?? 0) + 1 : 0;
}

/** Gives up members that stay away while a majority is there without them: others take their places. */
export function giveUpAway(context: Context, group: Group): void {
  const there = caughtUp(group).length >= majorityOf(group.record.configuration.length);
  const strategy = patienceOf(group.app.active);
  const waitMs = strategy === 'disabled' ? Number.POSITIVE_INFINITY : strategy.inactiveAfterSeconds * 1000;
  const hopeless = ({ replica, sinceMs }: AwayMember) =>
    replica.returnFailures >= failuresMax || context.now - sinceMs >= Math.max(waitMs, awayMsDefault);
  const unwanted = ({ replica }: AwayMember) => !group.record.slots.includes(replica.self.slot);
  const given = there ? group.record.away.filter((away) => unwanted(away) || hopeless(away)) : [];
  if (given.length === 0) return;
  putGroup(context, group.app, { away: group.record.away.filter((away) => !given.includes(away)) });
  for (const { replica, agent } of given) {
    const { slot, member } = replica.self;
    const text = `replica ${slot} (member ${member}) has not come back on ${describeAgent(agent)}: it is replaced`;
    tell(context, group.app.id, text, { kind: 'failure' });
  }
}

/** One demand for each: on what is kept for it, or else where it was. */
export function returningDemands(context: Context, group: Group): Demand[] {
  const { app, record } = group;
  const delayed = isDelayed(context, app);
  return record.away.map((away) => {
    const kept = context.state.reservations.get(away.reservationId ?? '');
    if (!kept) return { app, request: requestThere(context, app, away), delayed, returning: away };
    const request = requestToReturn(context, app, kept, away.replica.self.slot);
    return { app, request, delayed, returning: away, reservation: kept };
  });
}

/** Its own agent, its own ports. */
function requestThere(context: Context, app: AppRecord, away: AwayMember): GroupRequest {
  const request = requestBack(context, app.active);
  return {
    ...request,
    slots: [away.replica.self.slot],
    demand: { ...request.demand, ports: away.ports },
    constraints: [{ field: 'hostname', operator: 'CLUSTER' as const, value: away.agent.hostname }],
  };
}

/** Others of the configuration: whom a member that returns may ask. */
export function othersOf(configuration: MemberAddress[], self: MemberAddress): MemberAddress[] {
  return configuration.filter(({ member }) => member !== self.member);
}

/** "waits for replica 1 (member 2) on agent-3": what `gaia app show` says; null when nobody is away. */
export function awaitedSentence(away: AwayMember[]): string | null {
  if (away.length === 0) return null;
  const names = away.map(
    ({ replica, agent }) => `replica ${replica.self.slot} (member ${replica.self.member}) on ${agent.hostname}`,
  );
  return `waits for ${names.join(', ')} to come back`;
}
