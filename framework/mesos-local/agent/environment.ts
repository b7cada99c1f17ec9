import type { FrameworkInfo } from '../../mesos-http-client/types.js';
import { variablesOf } from '../command-line.js';
import type { Executor } from './state.js';

export interface EnvironmentContext {
  agentId: string;
  ip: string;
  port: number;
  sandbox: string;
  graceMs: number;
  /** Only for command tasks. */
  allocationRole: string | null;
  /** Null: executors are not authenticated. */
  token: string | null;
  /** LIBPROCESS_SSL_ variables. */
  tls: Record<string, string>;
}

/** Milliseconds as Mesos writes durations. */
export function durationText(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}secs` : `${ms}ms`;
}

/** The environment of an executor (observed 41): nothing is inherited from the agent but PATH. */
export function executorEnvironment(
  executor: Executor,
  framework: FrameworkInfo,
  context: EnvironmentContext,
): Record<string, string> {
  const { agentId, ip, port, sandbox } = context;
  const nanoseconds = executor.info.shutdown_grace_period?.nanoseconds;
  const graceMs = nanoseconds === undefined ? context.graceMs : nanoseconds / 1e6;
  const checkpoint = framework.checkpoint === true;
  return {
    LIBPROCESS_IP: ip,
    LIBPROCESS_PORT: '0',
    ...context.tls,
    MESOS_AGENT_ENDPOINT: `${ip}:${port}`,
    MESOS_CHECKPOINT: checkpoint ? '1' : '0',
    MESOS_DIRECTORY: sandbox,
    ...(context.token !== null && { MESOS_EXECUTOR_AUTHENTICATION_TOKEN: context.token }),
    MESOS_EXECUTOR_ID: executor.id,
    MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: durationText(graceMs),
    MESOS_FRAMEWORK_ID: executor.frameworkId,
    MESOS_HTTP_COMMAND_EXECUTOR: executor.isCommandExecutor ? '1' : '0',
    MESOS_SANDBOX: sandbox,
    MESOS_SLAVE_ID: agentId,
    MESOS_SLAVE_PID: `slave(1)@${ip}:${port}`,
    ...(checkpoint && { MESOS_RECOVERY_TIMEOUT: '15mins', MESOS_SUBSCRIPTION_BACKOFF_MAX: '2secs' }),
    ...(context.allocationRole !== null && { MESOS_ALLOCATION_ROLE: context.allocationRole }),
    PATH: process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...variablesOf(executor.info.command),
  };
}
