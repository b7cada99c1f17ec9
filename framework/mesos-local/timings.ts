/** Times in ms, with Apache Mesos' defaults; every one is a flag. Tests shorten them. */

/** `agentPingIntervalMs` is the flag `--agent-ping-interval-ms`. */
export function flagOf(timing: string): string {
  return `--${timing.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export const MASTER_TIMINGS = {
  allocationIntervalMs: 1000,
  heartbeatIntervalMs: 15_000,
  agentPingIntervalMs: 15_000,
  /** A count. */
  agentPingsMissedMax: 5,
  /** How long agents of the registry may stay away after a restart of the master. */
  agentReregisterTimeoutMs: 600_000,
  zkSessionTimeoutMs: 10_000,
};

export const AGENT_TIMINGS = {
  /** First repetition of a status update; each further one waits twice as long, up to `retryMaxMs`. */
  retryBaseMs: 10_000,
  retryMaxMs: 600_000,
  executorRegistrationTimeoutMs: 60_000,
  /** How long executors may take to find a restarted agent. */
  executorReregistrationTimeoutMs: 2000,
  executorShutdownGraceMs: 5000,
  zkSessionTimeoutMs: 10_000,
};
