/** Events of the scheduler API as a scheduler may rely on them: what is of another form is left out, and ends nothing. Pure. */
import { id, ownName } from './id-shape.js';
import { type Bodies, eventProblem, fields, listOf, number, optional, type Shape, text, told, truth } from './shape.js';

const labels = fields({ labels: optional(listOf(fields({ key: text, value: optional(text) }))) });
const reservation = fields({
  ...{ type: optional(text), role: optional(text), principal: optional(text) },
  labels: optional(labels),
});
const range = fields({ begin: number, end: number });
const disk = fields({
  persistence: optional(fields({ id: text, principal: optional(text) })),
  volume: optional(fields({ mode: text, container_path: text, host_path: optional(text) })),
  source: optional(fields({ type: text, id: optional(text), profile: optional(text) })),
});

/** By `type`; those that Mesos may add later are nobody's to judge. */
const values: Record<string, Shape> = {
  SCALAR: fields({ scalar: fields({ value: amount }) }),
  RANGES: fields({ ranges: fields({ range: listOf(range) }) }),
  SET: fields({ set: fields({ item: listOf(text) }) }),
  TEXT: fields({ text: fields({ value: ownName }) }),
};

/** Below it a double tells thousandths apart, as Mesos does; 2^43 MB of memory are eight exabytes. */
const amountMax = 2 ** 43;

function amount(value: unknown): string | null {
  const isAmount = typeof value === 'number' && value >= 0 && value <= amountMax;
  return isAmount ? null : told(value, `a number from 0 to ${amountMax}`);
}

function valued(more: Record<string, Shape>): Shape {
  const common = fields({ name: text, type: text, ...more });
  return (value) => {
    const problem = common(value);
    if (problem !== null) return problem;
    const { type } = value as { type: string };
    return Object.hasOwn(values, type) ? (values[type] as Shape)(value) : null;
  };
}

/** Attributes may be below zero. */
const scalarAttribute = fields({ name: text, scalar: fields({ value: number }) });
const otherAttribute = valued({});
const attribute: Shape = (value) =>
  (value as { type?: unknown } | null)?.type === 'SCALAR' ? scalarAttribute(value) : otherAttribute(value);

const resource = valued({
  ...{ role: optional(text), allocation_info: optional(fields({ role: text })), disk: optional(disk) },
  ...{ reservation: optional(reservation), reservations: optional(listOf(reservation)), provider_id: optional(id) },
  ...{ revocable: optional(fields({})), shared: optional(fields({})) },
});

const address = fields({ hostname: optional(text), ip: optional(text), port: number });
const url = fields({ scheme: text, address, path: optional(text) });
const time = fields({ nanoseconds: number });
const unavailability = fields({ start: time, duration: optional(time) });
const named = fields({ name: text });

const offer = fields({
  ...{ id, agent_id: id, hostname: text, url: optional(url) },
  domain: optional(fields({ fault_domain: optional(fields({ region: named, zone: named })) })),
  ...{ resources: optional(listOf(resource)), attributes: optional(listOf(attribute)) },
  ...{ executor_ids: optional(listOf(id)), unavailability: optional(unavailability) },
  allocation_info: optional(fields({ role: text })),
});

const inverseOffer = fields({ id, agent_id: optional(id), unavailability });

const status = fields({
  ...{ task_id: id, state: text, message: optional(text), source: optional(text), reason: optional(text) },
  ...{ data: optional(text), agent_id: optional(id), executor_id: optional(id), timestamp: optional(number) },
  ...{ uuid: optional(text), healthy: optional(truth), unreachable_time: optional(time), labels: optional(labels) },
  check_status: optional(
    fields({
      type: text,
      command: optional(fields({ exit_code: optional(number) })),
      http: optional(fields({ status_code: optional(number) })),
      tcp: optional(fields({ succeeded: optional(truth) })),
    }),
  ),
  container_status: optional(
    fields({
      container_id: optional(id),
      network_infos: optional(
        listOf(
          fields({
            ip_addresses: optional(listOf(fields({ protocol: optional(text), ip_address: optional(text) }))),
          }),
        ),
      ),
      executor_pid: optional(number),
    }),
  ),
});

const bodies: Bodies = {
  SUBSCRIBED: [
    'subscribed',
    fields({
      framework_id: id,
      heartbeat_interval_seconds: optional(number),
      master_info: optional(fields({ hostname: optional(text), port: optional(number), address: optional(address) })),
    }),
  ],
  OFFERS: ['offers', fields({ offers: listOf(offer) })],
  INVERSE_OFFERS: ['inverse_offers', fields({ inverse_offers: listOf(inverseOffer) })],
  RESCIND: ['rescind', fields({ offer_id: id })],
  RESCIND_INVERSE_OFFER: ['rescind_inverse_offer', fields({ inverse_offer_id: id })],
  UPDATE: ['update', fields({ status })],
  UPDATE_OPERATION_STATUS: ['update_operation_status', fields({ status: fields({ state: text }) })],
  MESSAGE: ['message', fields({ agent_id: id, executor_id: id, data: text })],
  FAILURE: ['failure', fields({ agent_id: optional(id), executor_id: optional(id), status: optional(number) })],
};

/** What is wrong with an event of the master, or null. */
export const schedulerEventProblem = (event: { type: string }): string | null => eventProblem(bodies, event);
