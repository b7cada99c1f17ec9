/** Decides when the log tells of refused connections, which strangers can make as many of as they like. Pure. */

const intervalMs = 10_000;

export class RefusalLog {
  private told: Record<string, number> = {};
  private toldAtMs = Number.NEGATIVE_INFINITY;

  /** What was refused since the last news, as `3 badSecret, 1 timedOut`; null: nothing, or too soon after the last. */
  news(counts: Record<string, number>, nowMs: number): string | null {
    const fresh = Object.entries(counts)
      .map(([cause, count]) => [cause, count - (this.told[cause] ?? 0)] as const)
      .filter(([, count]) => count > 0);
    if (fresh.length === 0 || nowMs - this.toldAtMs < intervalMs) return null;
    this.told = { ...counts };
    this.toldAtMs = nowMs;
    return fresh.map(([cause, count]) => `${count} ${cause}`).join(', ');
  }
}
