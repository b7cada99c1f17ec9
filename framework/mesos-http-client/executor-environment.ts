import { type ExecutorTls, executorTls } from './executor-tls.js';

/** What an agent tells its executor through the environment (Mesos docs, executor-http-api.md). */
export interface ExecutorEnvironment {
  /** `host:port` of the agent. */
  agentEndpoint: string;
  /** Null: the agent does without TLS. */
  tls: ExecutorTls | null;
  frameworkId: string;
  executorId: string;
  /** Null if the agent does not tell. */
  agentId: string | null;
  /** The sandbox as this process sees it. */
  sandbox: string | null;
  /** Whether this executor may outlive its agent process. */
  checkpoint: boolean;
  /** How long to wait for an agent that has gone away. */
  recoveryTimeoutMs: number;
  /** Longest pause between two attempts to subscribe again. */
  subscriptionBackoffMaxMs: number;
  /** From SHUTDOWN until the agent kills the executor. */
  shutdownGracePeriodMs: number;
}

const MS_PER_UNIT: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  secs: 1000,
  mins: 60_000,
  hrs: 3_600_000,
  days: 86_400_000,
  weeks: 604_800_000,
};

/** Milliseconds of a duration in Mesos' form, such as `5secs` or `1.5mins`; null if it is none. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ns|us|ms|secs|mins|hrs|days|weeks)$/.exec(text.trim());
  return match ? Number(match[1]) * (MS_PER_UNIT[match[2] as string] as number) : null;
}

/**
 * Reads the MESOS_ variables, and libprocess' for TLS; durations that are absent get the agent's defaults. The token an agent may give
 * (MESOS_EXECUTOR_AUTHENTICATION_TOKEN) is a secret and not in the result.
 * @throws RangeError that names the variable and what is expected
 */
export function parseExecutorEnvironment(env: NodeJS.ProcessEnv): ExecutorEnvironment {
  return {
    agentEndpoint: required(env, 'MESOS_AGENT_ENDPOINT'),
    tls: executorTls(env),
    frameworkId: required(env, 'MESOS_FRAMEWORK_ID'),
    executorId: required(env, 'MESOS_EXECUTOR_ID'),
    agentId: env.MESOS_SLAVE_ID ?? env.MESOS_AGENT_ID ?? null,
    sandbox: env.MESOS_SANDBOX ?? env.MESOS_DIRECTORY ?? null,
    checkpoint: env.MESOS_CHECKPOINT === '1',
    recoveryTimeoutMs: duration(env, 'MESOS_RECOVERY_TIMEOUT', '15mins'),
    subscriptionBackoffMaxMs: duration(env, 'MESOS_SUBSCRIPTION_BACKOFF_MAX', '2secs'),
    shutdownGracePeriodMs: duration(env, 'MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD', '5secs'),
  };
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new RangeError(`${name} is not set; a Mesos agent sets it for the executors it starts`);
  return value;
}

function duration(env: NodeJS.ProcessEnv, name: string, absent: string): number {
  const text = env[name] ?? absent;
  const ms = parseDuration(text);
  if (ms === null)
    throw new RangeError(`${name}: '${text}' is not a duration; write a number and its unit, such as ${absent}`);
  return ms;
}
