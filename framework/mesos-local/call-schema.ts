import { taskStates } from '../mesos-http-client/task-status.js';
import { type Message, message, optional, repeated, required } from './proto.js';

/**
 * The parts of include/mesos/v1/{mesos,scheduler,executor}.proto that this master and agent look at. Fields of
 * type `any` are handed through as they came.
 */

const ID = message({ value: required('string') });
const NANOSECONDS = message({ nanoseconds: required('integer') });
const FILTERS = message({ refuse_seconds: optional('double') });
const KILL_POLICY = message({ grace_period: optional(NANOSECONDS) });
const CAPABILITIES = [
  'REVOCABLE_RESOURCES',
  'TASK_KILLING_STATE',
  'GPU_RESOURCES',
  'SHARED_RESOURCES',
  'PARTITION_AWARE',
  'MULTI_ROLE',
  'RESERVATION_REFINEMENT',
  'REGION_AWARE',
];

const RESOURCE = message({
  name: required('string'),
  type: required({ enum: ['SCALAR', 'RANGES', 'SET'] }),
  scalar: optional(message({ value: required('double') })),
  ranges: optional(message({ range: repeated(message({ begin: required('integer'), end: required('integer') })) })),
  set: optional(message({ item: repeated('string') })),
  role: optional('string'),
  allocation_info: optional(message({ role: optional('string') })),
  reservation: optional('any'),
  reservations: optional('any'),
  disk: optional('any'),
  revocable: optional('any'),
  shared: optional('any'),
});

const COMMAND = message({
  uris: repeated(
    message({
      value: required('string'),
      executable: optional('bool'),
      extract: optional('bool'),
      cache: optional('bool'),
      output_file: optional('string'),
    }),
  ),
  environment: optional(
    message({
      variables: repeated(
        message({
          name: required('string'),
          type: optional({ enum: ['UNKNOWN', 'VALUE', 'SECRET'] }),
          value: optional('string'),
          secret: optional('any'),
        }),
      ),
    }),
  ),
  shell: optional('bool'),
  value: optional('string'),
  arguments: repeated('string'),
  user: optional('string'),
});

const CHECK_TIMES = {
  delay_seconds: optional('double'),
  interval_seconds: optional('double'),
  timeout_seconds: optional('double'),
};
const CHECK_TYPE = optional({ enum: ['UNKNOWN', 'COMMAND', 'HTTP', 'TCP'] });
const TCP_CHECK = message({ protocol: optional('string'), port: required('integer') });
const CHECK = message({
  type: CHECK_TYPE,
  ...CHECK_TIMES,
  command: optional(message({ command: required(COMMAND) })),
  http: optional(message({ protocol: optional('string'), port: required('integer'), path: optional('string') })),
  tcp: optional(TCP_CHECK),
});
const HEALTH_CHECK = message({
  type: CHECK_TYPE,
  ...CHECK_TIMES,
  consecutive_failures: optional('integer'),
  grace_period_seconds: optional('double'),
  command: optional(COMMAND),
  http: optional(
    message({
      protocol: optional('string'),
      scheme: optional('string'),
      port: required('integer'),
      path: optional('string'),
      statuses: repeated('integer'),
    }),
  ),
  tcp: optional(TCP_CHECK),
});

const EXECUTOR_INFO = message({
  type: optional({ enum: ['DEFAULT', 'CUSTOM'] }),
  executor_id: required(ID),
  framework_id: optional(ID),
  command: optional(COMMAND),
  container: optional('any'),
  resources: repeated(RESOURCE),
  name: optional('string'),
  source: optional('string'),
  data: optional('bytes'),
  shutdown_grace_period: optional(NANOSECONDS),
  labels: optional('any'),
});

const TASK_INFO = message({
  name: required('string'),
  task_id: required(ID),
  agent_id: required(ID),
  resources: repeated(RESOURCE),
  executor: optional(EXECUTOR_INFO),
  command: optional(COMMAND),
  container: optional('any'),
  data: optional('bytes'),
  health_check: optional(HEALTH_CHECK),
  check: optional(CHECK),
  kill_policy: optional(KILL_POLICY),
  limits: optional('any'),
  labels: optional('any'),
  discovery: optional('any'),
  max_completion_time: optional(NANOSECONDS),
});

const FRAMEWORK_INFO = message({
  user: required('string'),
  name: required('string'),
  id: optional(ID),
  failover_timeout: optional('double'),
  checkpoint: optional('bool'),
  role: optional('string'),
  roles: repeated('string'),
  hostname: optional('string'),
  principal: optional('string'),
  webui_url: optional('string'),
  capabilities: repeated(message({ type: optional({ enum: CAPABILITIES }) })),
  labels: optional('any'),
});
const SUBSCRIBE = message({ framework_info: required(FRAMEWORK_INFO), suppressed_roles: repeated('string') });

export const OPERATION_TYPES = [
  'LAUNCH',
  'LAUNCH_GROUP',
  'RESERVE',
  'UNRESERVE',
  'CREATE',
  'DESTROY',
  'GROW_VOLUME',
  'SHRINK_VOLUME',
  'CREATE_DISK',
  'DESTROY_DISK',
];
const OPERATION = message({
  type: optional({ enum: OPERATION_TYPES }),
  id: optional(ID),
  launch: optional(message({ task_infos: repeated(TASK_INFO) })),
  launch_group: optional(
    message({ executor: required(EXECUTOR_INFO), task_group: required(message({ tasks: repeated(TASK_INFO) })) }),
  ),
  reserve: optional(message({ source: repeated(RESOURCE), resources: repeated(RESOURCE) })),
  unreserve: optional(message({ resources: repeated(RESOURCE) })),
  create: optional(message({ volumes: repeated(RESOURCE) })),
  destroy: optional(message({ volumes: repeated(RESOURCE) })),
});

const INVERSE_ANSWER = message({ inverse_offer_ids: repeated(ID), filters: optional(FILTERS) });
const ROLES = message({ roles: repeated('string') });
/** Bodies by call type; the body's field is the type in lower case. REVIVE and SUPPRESS may come without one. */
export const SCHEDULER_CALL_TYPES = [
  'SUBSCRIBE',
  'TEARDOWN',
  'ACCEPT',
  'DECLINE',
  'ACCEPT_INVERSE_OFFERS',
  'DECLINE_INVERSE_OFFERS',
  'REVIVE',
  'KILL',
  'SHUTDOWN',
  'ACKNOWLEDGE',
  'ACKNOWLEDGE_OPERATION_STATUS',
  'RECONCILE',
  'RECONCILE_OPERATIONS',
  'MESSAGE',
  'REQUEST',
  'SUPPRESS',
  'UPDATE_FRAMEWORK',
];

export const SCHEDULER_CALL: Message = message({
  framework_id: optional(ID),
  type: optional({ enum: SCHEDULER_CALL_TYPES }),
  subscribe: optional(SUBSCRIBE),
  accept: optional(message({ offer_ids: repeated(ID), operations: repeated(OPERATION), filters: optional(FILTERS) })),
  decline: optional(message({ offer_ids: repeated(ID), filters: optional(FILTERS) })),
  accept_inverse_offers: optional(INVERSE_ANSWER),
  decline_inverse_offers: optional(INVERSE_ANSWER),
  revive: optional(ROLES),
  suppress: optional(ROLES),
  kill: optional(message({ task_id: required(ID), agent_id: optional(ID), kill_policy: optional(KILL_POLICY) })),
  shutdown: optional(message({ executor_id: required(ID), agent_id: required(ID) })),
  acknowledge: optional(message({ agent_id: required(ID), task_id: required(ID), uuid: required('bytes') })),
  acknowledge_operation_status: optional(
    message({ agent_id: optional(ID), uuid: required('bytes'), operation_id: required(ID) }),
  ),
  reconcile: optional(message({ tasks: repeated(message({ task_id: required(ID), agent_id: optional(ID) })) })),
  reconcile_operations: optional(
    message({ operations: repeated(message({ operation_id: required(ID), agent_id: optional(ID) })) }),
  ),
  message: optional(message({ agent_id: required(ID), executor_id: required(ID), data: required('bytes') })),
  request: optional('any'),
  update_framework: optional(SUBSCRIBE),
});

const TASK_STATUS = message({
  task_id: required(ID),
  state: required({ enum: taskStates }),
  message: optional('string'),
  source: optional({ enum: ['SOURCE_MASTER', 'SOURCE_AGENT', 'SOURCE_EXECUTOR'] }),
  reason: optional('string'),
  data: optional('bytes'),
  agent_id: optional(ID),
  executor_id: optional(ID),
  timestamp: optional('double'),
  uuid: optional('bytes'),
  healthy: optional('bool'),
  check_status: optional('any'),
  labels: optional('any'),
  container_status: optional('any'),
});
const UPDATE = message({ status: required(TASK_STATUS) });

export const EXECUTOR_CALL: Message = message({
  executor_id: required(ID),
  framework_id: required(ID),
  type: optional({ enum: ['SUBSCRIBE', 'UPDATE', 'MESSAGE', 'HEARTBEAT'] }),
  subscribe: optional(message({ unacknowledged_tasks: repeated(TASK_INFO), unacknowledged_updates: repeated(UPDATE) })),
  update: optional(UPDATE),
  message: optional(message({ data: required('bytes') })),
});

const MACHINE_ID = message({ hostname: optional('string'), ip: optional('string') });
const UNAVAILABILITY = message({ start: required(NANOSECONDS), duration: optional(NANOSECONDS) });
export const SCHEDULE: Message = message({
  windows: repeated(message({ machine_ids: repeated(MACHINE_ID), unavailability: required(UNAVAILABILITY) })),
});
export const MACHINE_IDS = message({ machines: repeated(MACHINE_ID) });

/** google.protobuf.Duration */
const DURATION = message({ seconds: optional('integer'), nanos: optional('integer') });
const AGENT = optional(message({ agent_id: required(ID) }));

export const OPERATOR_CALL_TYPES = [
  'GET_HEALTH',
  'GET_VERSION',
  'GET_AGENTS',
  'GET_STATE',
  'GET_MASTER',
  'GET_FRAMEWORKS',
  'GET_TASKS',
  'GET_EXECUTORS',
  'GET_OPERATIONS',
  'SUBSCRIBE',
  'MARK_AGENT_GONE',
  'DRAIN_AGENT',
  'DEACTIVATE_AGENT',
  'REACTIVATE_AGENT',
  'GET_MAINTENANCE_STATUS',
  'GET_MAINTENANCE_SCHEDULE',
  'UPDATE_MAINTENANCE_SCHEDULE',
  'START_MAINTENANCE',
  'STOP_MAINTENANCE',
  'GET_QUOTA',
  'UPDATE_QUOTA',
  'GET_WEIGHTS',
  'UPDATE_WEIGHTS',
  'GET_ROLES',
] as const;

export const AGENT_OPERATOR_CALL: Message = message({
  type: optional({ enum: ['READ_FILE'] }),
  read_file: optional(message({ path: required('string'), offset: required('integer'), length: optional('integer') })),
});

const SCALARS = optional({ map: message({ value: required('double') }) });
const QUOTA_CONFIG = message({ role: required('string'), guarantees: SCALARS, limits: SCALARS });
export const WEIGHTS = message({
  weight_infos: repeated(message({ role: required('string'), weight: required('double') })),
});

export const OPERATOR_CALL: Message = message({
  type: optional({ enum: OPERATOR_CALL_TYPES }),
  mark_agent_gone: AGENT,
  drain_agent: optional(
    message({ agent_id: required(ID), max_grace_period: optional(DURATION), mark_gone: optional('bool') }),
  ),
  deactivate_agent: AGENT,
  reactivate_agent: AGENT,
  update_maintenance_schedule: optional(message({ schedule: required(SCHEDULE) })),
  start_maintenance: optional(MACHINE_IDS),
  stop_maintenance: optional(MACHINE_IDS),
  update_quota: optional(message({ force: optional('bool'), quota_configs: repeated(QUOTA_CONFIG) })),
  update_weights: optional(WEIGHTS),
});
