/** An app that is a replicated guest, in a framework without a cluster. */
import { covered, guestMetrics } from '../../guest-report.js';
import type { MemoryService } from './memory-service.js';

export const replicatedGuest = {
  id: '/demo/guest',
  container: { type: 'VM', vm: { kernel: '/boot/vmlinuz', initrd: '/boot/initrd.gz', memory: 128, ports: [6379] } },
  replication: { protocol: 'vm' },
};

const nothing = { count: 0, sum: 0, buckets: [] };

/** Its primary, member 1, has told that member 2 covers it, and what its rounds took. */
export function reportGuest(service: MemoryService, id = replicatedGuest.id): void {
  service.change(id, ({ tasks: [task], group }) => {
    const known = task?.replica?.report;
    if (!task?.replica || !known || !group) throw new Error(`${id} has no replica`);
    group.guest = { primary: 1, backup: 2, covered: true };
    const metrics = {
      ...{ commitLatencyNs: nothing, batchEntries: nothing, batchBytes: nothing, elections: 0, divergences: 0 },
      ...{ refusedConnections: {}, journalBytes: 0, guest: guestMetrics },
    };
    task.replica.report = { ...known, guest: { ...covered }, metrics };
  });
}
