import type { ClusterAgentOptions } from '../mesos-local/cluster.js';

const REGION = 'local';
const RESOURCES = 'cpus:2;mem:1024;disk:4096';

/** Two agents a rack; of three racks the third is in another zone: five agents are three racks in two zones. */
export function agentsOf(count: number): ClusterAgentOptions[] {
  return Array.from({ length: count }, (_, index) => {
    const rack = Math.floor(index / 2) + 1;
    const zone = rack % 3 === 0 ? 'b' : 'a';
    return { hostname: `agent-${index + 1}`, region: REGION, zone, attributes: `rack:r${rack}`, resources: RESOURCES };
  });
}
