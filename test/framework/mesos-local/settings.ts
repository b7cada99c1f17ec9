/** A master that tests step by hand. */
import type { MasterSettings } from '../../../framework/mesos-local/master/state.js';
import { MASTER_TIMINGS } from '../../../framework/mesos-local/timings.js';

export const masterSettings: MasterSettings = {
  masterId: 'm',
  ip: '127.0.0.1',
  port: 1,
  hostname: 'm',
  domain: null,
  seed: 7,
  ...MASTER_TIMINGS,
};
