/** Decides what the log tells of connections between members: whom others refuse, and why one finds no way to another. Pure. */
import type { ReplicaReport } from './assignment.js';

const intervalMs = 10_000;
const reasonsMax = 100;

export class ConnectionLog {
  private told: Record<string, number> = {};
  private toldAtMs = Number.NEGATIVE_INFINITY;
  private readonly reasons = new Set<string>();

  /**
   * What was refused since the last news, as `3 badSecret, 1 timedOut`; null: nothing, or too soon after the last, since strangers
   * can make as many as they like.
   */
  refused(counts: Record<string, number>, nowMs: number): string | null {
    const fresh = Object.entries(counts)
      .map(([cause, count]) => [cause, count - (this.told[cause] ?? 0)] as const)
      .filter(([, count]) => count > 0);
    if (fresh.length === 0 || nowMs - this.toldAtMs < intervalMs) return null;
    this.told = { ...counts };
    this.toldAtMs = nowMs;
    return fresh.map(([cause, count]) => `${count} ${cause}`).join(', ');
  }

  /** Each reason of each member once. */
  unconnected(peers: ReplicaReport['peers']): string[] {
    const reasons = peers
      .filter(({ connected, transportReason }) => !connected && transportReason !== '')
      .map(({ member, transportReason }) => `not connected to member ${member}: ${transportReason}`);
    const fresh = reasons.filter((reason) => !this.reasons.has(reason)).slice(0, reasonsMax - this.reasons.size);
    for (const reason of fresh) this.reasons.add(reason);
    return fresh;
  }
}
