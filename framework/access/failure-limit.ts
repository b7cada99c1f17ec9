const FAILURES_MAX = 10;
const WINDOW_MS = 60_000;
const ADDRESSES_MAX = 10_000;

/** Ten wrong guesses a minute from an address; with more addresses than can be remembered the oldest is forgotten. */
export class FailureLimit {
  private readonly failures = new Map<string, { count: number; untilMs: number }>();

  constructor(private readonly now: () => number) {}

  exceeded(address: string): boolean {
    const found = this.failures.get(address);
    return found !== undefined && found.untilMs > this.now() && found.count >= FAILURES_MAX;
  }

  add(address: string): void {
    const found = this.failures.get(address);
    const isOver = found === undefined || found.untilMs <= this.now();
    if (!isOver) {
      found.count += 1;
      return;
    }
    this.failures.delete(address);
    const [oldest] = this.failures.keys();
    if (this.failures.size >= ADDRESSES_MAX && oldest !== undefined) this.failures.delete(oldest);
    this.failures.set(address, { count: 1, untilMs: this.now() + WINDOW_MS });
  }
}
