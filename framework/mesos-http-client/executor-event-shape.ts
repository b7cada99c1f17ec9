/** Events of the executor API as an executor may rely on them. Pure. */
import { id } from './id-shape.js';
import { type Bodies, eventProblem, fields, listOf, number, optional, text } from './shape.js';

const task = fields({ task_id: id, data: optional(text) });
const capabilities = optional(listOf(fields({ type: text })));

const bodies: Bodies = {
  SUBSCRIBED: ['subscribed', fields({ framework_info: fields({ capabilities }) })],
  LAUNCH: ['launch', fields({ task })],
  LAUNCH_GROUP: ['launch_group', fields({ task_group: fields({ tasks: listOf(task) }) })],
  KILL: [
    'kill',
    fields({
      task_id: id,
      kill_policy: optional(fields({ grace_period: optional(fields({ nanoseconds: number })) })),
    }),
  ],
  ACKNOWLEDGED: ['acknowledged', fields({ task_id: id, uuid: text })],
  MESSAGE: ['message', fields({ data: text })],
};

/** What is wrong with an event of the agent, or null. */
export const executorEventProblem = (event: { type: string }): string | null => eventProblem(bodies, event);
