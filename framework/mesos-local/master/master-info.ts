import type { MasterInfo } from '../../mesos-http-client/types.js';
import type { MasterSettings } from './state.js';

/** The Mesos version whose API is spoken. */
export const MESOS_VERSION = '1.12.0';
export const MASTER_CAPABILITIES = ['AGENT_UPDATE', 'AGENT_DRAINING', 'QUOTA_V2'];

/** The address as Mesos prints it: an integer, least significant byte first. */
function ipNumber(ip: string): number {
  const bytes = ip.split('.').map(Number);
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}

export function masterInfo({ masterId, ip, port, hostname, domain }: MasterSettings): MasterInfo {
  return {
    id: masterId,
    ip: ipNumber(ip),
    port,
    pid: `master@${ip}:${port}`,
    hostname,
    version: MESOS_VERSION,
    address: { hostname, ip, port },
    ...(domain && { domain }),
    capabilities: MASTER_CAPABILITIES.map((type) => ({ type })),
  };
}
