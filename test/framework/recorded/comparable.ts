import lodash from 'lodash';
import type { SchedulerEvent } from '../../../framework/mesos-http-client/calls.js';
import type { Resource, TaskStatus } from '../../../framework/mesos-http-client/types.js';
import { resourceText } from '../../../framework/mesos-local/master/resource-words.js';
import { type Json, MASTER_ID } from './trace.js';

/** What two runs have in common, and words for it. */

const UUID = /stream-\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** Of offers, and uuids. */
const OTHER_IDS = /[0-9a-f-]{36}-O\d+|[A-Za-z0-9+/]{22}==/g;
export const withIds = (text: string, ids: ReadonlyMap<string, string>): string =>
  text.replaceAll(OTHER_IDS, (id) => ids.get(id) ?? id);
export const withoutStreamIds = (text: string): string =>
  text.replaceAll(UUID, (id) => (id === MASTER_ID ? id : 'some stream'));
export const shown = (value: unknown): string => JSON.stringify(value).replaceAll(MASTER_ID, '~');

/** One offer per event, so that they may be matched each by itself. */
export function split(event: SchedulerEvent): SchedulerEvent[] {
  if (event.type === 'OFFERS') {
    return event.offers.offers.map((offer) => ({ type: 'OFFERS', offers: { offers: [offer] } }));
  }
  if (event.type !== 'INVERSE_OFFERS') return [event];
  return event.inverse_offers.inverse_offers.map((offer) => ({
    type: 'INVERSE_OFFERS',
    inverse_offers: { inverse_offers: [offer] },
  }));
}

/** Without what differs from run to run: times, ids of containers, pids, and the ids of new offers and statuses. */
export function comparable(event: SchedulerEvent): Json {
  return plain(
    lodash.cloneDeepWith(event, (value, key) => {
      if (key === 'resources') return (value as Resource[]).map(resourceText).sort();
      return undefined;
    }),
    event.type === 'OFFERS' || event.type === 'INVERSE_OFFERS',
  ) as Json;
}

export function brief(event: SchedulerEvent): string {
  if (event.type !== 'OFFERS') return shown(comparable(event));
  const offers = event.offers.offers.map(({ id, agent_id, resources, executor_ids, unavailability, allocation_info }) =>
    shown([
      id.value,
      agent_id.value,
      allocation_info,
      (resources ?? []).map(resourceText).sort(),
      executor_ids,
      unavailability,
    ]),
  );
  return `OFFERS ${offers.join()}`;
}

export function plain(value: unknown, isOffer = false): unknown {
  return lodash.cloneDeepWith(value, (content, key) => {
    if (key === 'message' && typeof content === 'string') return comparableText(content);
    if (key === 'timestamp' || key === 'unreachable_time' || key === 'executor_pid') return typeof content;
    // What is known of a nested container besides is a matter of chance.
    if (key === 'container_status' && isNested(content)) return 'a nested container';
    if (key === 'container_id') return 'some container';
    if (key === 'id' && isOffer) return 'some offer';
    if (key === 'uuid') return 'some uuid';
    return undefined;
  });
}

/** Resources are not listed in the same order; what Mesos prints of protobufs, and paths, are its own. */
function comparableText(text: string): string {
  const [first = ''] = text.split('\n');
  const paths = first.replaceAll(/'\/[^']*'/g, "'some path'").replaceAll(/container '[^']*'/g, "'some container'");
  return paths
    .split(/; | more than available | does not contain /)
    .sort()
    .join('; ');
}

function isNested(status: TaskStatus['container_status']): boolean {
  return status?.container_id?.parent !== undefined;
}
