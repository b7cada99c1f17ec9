import { setTimeout as sleep } from 'node:timers/promises';
import { ExecutorClient, type ExecutorClientOptions, parseExecutorEnvironment } from '../mesos-http-client/index.js';

/** What the executors that agents bring along have in common towards their agent. */

/** Time for the last acknowledgement to be the last thing said. */
const LINGER_MS = 100;

/** By the environment that the agent has given. */
export function builtInClient(handlers: Pick<ExecutorClientOptions, 'onEvent' | 'onState'>): ExecutorClient {
  const token = process.env.MESOS_EXECUTOR_AUTHENTICATION_TOKEN;
  return new ExecutorClient({
    environment: parseExecutorEnvironment(process.env),
    ...(token !== undefined && { authenticationToken: token }),
    ...handlers,
  });
}

/** Everything is acknowledged. Rejects as `drained` does. */
export async function everythingTold(client: ExecutorClient): Promise<void> {
  await client.drained();
  await sleep(LINGER_MS);
}
