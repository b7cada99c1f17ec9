import { randomUUID } from 'node:crypto';
import { RecordDecoder } from '../../framework/mesos-http-client/recordio.js';
import { open, send } from './raw-http.js';

/**
 * A tiny executor for the suite, on raw HTTP. Its behaviour comes from the environment: EXIT_AFTER_MS ends it with
 * status 3 after its first task; IGNORE_SHUTDOWN keeps it from ending. A message is sent back with `pong:` before it.
 */

const { MESOS_AGENT_ENDPOINT, MESOS_FRAMEWORK_ID, MESOS_EXECUTOR_ID, EXIT_AFTER_MS, IGNORE_SHUTDOWN } = process.env;
const agentUrl = `http://${MESOS_AGENT_ENDPOINT}`;
const ids = { framework_id: { value: MESOS_FRAMEWORK_ID }, executor_id: { value: MESOS_EXECUTOR_ID } };
const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
const unacknowledged = new Map<string, object>();
const launched = new Map<string, object>();
const RETRY_MS = 100;

const call = (body: object) =>
  send(agentUrl, { path: '/api/v1/executor', headers, body: JSON.stringify({ ...ids, ...body }) }).catch(() => null);

async function update(taskId: string, state: string): Promise<void> {
  const uuid = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64');
  const status = { task_id: { value: taskId }, state, source: 'SOURCE_EXECUTOR', uuid, timestamp: Date.now() / 1000 };
  unacknowledged.set(uuid, { status });
  await call({ type: 'UPDATE', update: { status } });
}

async function handle(event: Record<string, any>): Promise<void> {
  switch (event.type) {
    case 'LAUNCH': {
      const id = event.launch.task.task_id.value as string;
      launched.set(id, event.launch.task);
      await update(id, 'TASK_STARTING');
      await update(id, 'TASK_RUNNING');
      if (EXIT_AFTER_MS) setTimeout(() => process.exit(3), Number(EXIT_AFTER_MS));
      break;
    }
    case 'KILL':
      await update(event.kill.task_id.value, 'TASK_KILLED');
      break;
    case 'ACKNOWLEDGED':
      unacknowledged.delete(event.acknowledged.uuid);
      launched.delete(event.acknowledged.task_id.value);
      break;
    case 'MESSAGE': {
      const text = Buffer.from(event.message.data, 'base64').toString();
      await call({ type: 'MESSAGE', message: { data: Buffer.from(`pong:${text}`).toString('base64') } });
      break;
    }
    case 'SHUTDOWN':
      if (!IGNORE_SHUTDOWN) process.exit(0);
  }
}

async function subscribe(): Promise<void> {
  const lists = { unacknowledged_tasks: [...launched.values()], unacknowledged_updates: [...unacknowledged.values()] };
  const body = JSON.stringify({ type: 'SUBSCRIBE', ...ids, subscribe: lists });
  const stream = await open(agentUrl, { path: '/api/v1/executor', headers, body });
  if (stream.statusCode !== 200) throw new Error(`SUBSCRIBE: ${stream.statusCode}`);
  const decoder = new RecordDecoder();
  for await (const chunk of stream) {
    for (const record of decoder.push(chunk as Buffer)) await handle(JSON.parse(record.toString()));
  }
}

const deadlineMs = Date.now() + 60_000;
while (Date.now() < deadlineMs) {
  await subscribe().catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
}
process.exit(9);
