/** The executor that a Mesos agent starts: one process per task. All it needs comes from the agent's environment. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { parseExecutorEnvironment } from '../framework/mesos-http-client/index.js';
import { dumpNoMemory } from '../framework/secrecy/core-dumps.js';
import { ExecutorLoop } from './loop.js';
import { interposerFile } from './workplace.js';

/** From dist/executor/ to build/native/ of the same installation. */
const nativeDirectory =
  process.env.GAIA_NATIVE_DIRECTORY ?? fileURLToPath(new URL('../../build/native', import.meta.url));

function makeLoop(): ExecutorLoop {
  const environment = parseExecutorEnvironment(process.env);
  const sandbox = environment.sandbox ?? process.cwd();
  // Not standard output or error: they belong to the program.
  const log = pino(
    { base: { pid: process.pid } },
    pino.destination({ dest: join(sandbox, 'executor.log'), sync: true }),
  );
  dumpNoMemory((cause) => log.warn({ cause }, 'core dumps of the executor have secrets in them'));
  return new ExecutorLoop({
    environment,
    authenticationToken: process.env.MESOS_EXECUTOR_AUTHENTICATION_TOKEN ?? null,
    sandbox,
    interposer: join(nativeDirectory, interposerFile),
    log,
  });
}

try {
  const loop = makeLoop();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => loop.shutDown());
  await loop.run();
  process.exit(0);
} catch (error) {
  console.error(`gaia executor: ${(error as Error).message}`);
  process.exit(1);
}
