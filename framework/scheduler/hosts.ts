/** Agents: what is known of their machines, as executors have told it when they began. */
import type { HostReport } from '../../executor/assignment.js';
import { parseShallowJson } from '../mesos-http-client/index.js';
import type { AgentView } from '../service.js';
import { agentNamed, type Context } from './context.js';
import { setAgent } from './known-agents.js';
import { isHostReport } from './report-shape.js';

const reportBytesMax = 64 * 1024;

/** The report in the data of a message; null: it is none. */
export function hostReportIn(data: string): HostReport | null {
  if (data.length > reportBytesMax) return null;
  try {
    const report: unknown = parseShallowJson(Buffer.from(data, 'base64').toString());
    return isHostReport(report) ? report : null;
  } catch {
    return null;
  }
}

export function receiveHost(context: Context, agentId: string, { host, nowMs }: HostReport): void {
  const { memory, now } = context;
  setAgent(context, memory.hosts, agentId, { facts: host, clockOffsetMs: nowMs - now, reportedMs: now });
}

/** Those that have offered something, or reported, since the framework started. */
export function agentViews({ memory, now }: Context): AgentView[] {
  const ids = new Set([...memory.agents.keys(), ...memory.hosts.keys()]);
  return [...ids].map((agentId) => {
    const [offered, host] = [memory.agents.get(agentId), memory.hosts.get(agentId)];
    return {
      ...agentNamed(memory, agentId),
      offeredSecondsAgo: offered ? (now - offered.offeredMs) / 1000 : null,
      host: host
        ? { facts: host.facts, clockOffsetMs: host.clockOffsetMs, secondsAgo: (now - host.reportedMs) / 1000 }
        : null,
    };
  });
}
