/** What Mesos loses and lets overtake on its way to and from the framework, and what it never does. */
import type { SchedulerCallBody, SchedulerEvent } from '../../../framework/mesos-http-client/index.js';

/** Calls whose loss nobody tells; a lost ACCEPT shows by its connection. */
const lostSilently: readonly SchedulerCallBody['type'][] = ['KILL', 'RECONCILE', 'MESSAGE', 'ACKNOWLEDGE', 'REVIVE'];
export const isLostSilently = (type: SchedulerCallBody['type']): boolean => lostSilently.includes(type);

/** Offers and rescinds keep their order. */
export const mayOvertake = (event: SchedulerEvent | undefined): boolean =>
  event?.type === 'MESSAGE' || event?.type === 'UPDATE';

/** Its loss is borne: reports come every moment, and updates with an id until they are acknowledged. */
export const isSentAgain = (event: SchedulerEvent | undefined): boolean =>
  event?.type === 'MESSAGE' || (event?.type === 'UPDATE' && event.update.status.uuid !== undefined);
