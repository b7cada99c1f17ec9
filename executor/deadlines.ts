/** What is due when, by name. Pure. */
export class Deadlines<Name extends string> {
  private readonly due = new Map<Name, number>();

  set(name: Name, dueMs: number): void {
    this.due.set(name, dueMs);
  }

  get(name: Name): number | undefined {
    return this.due.get(name);
  }

  /** One that is set becomes no later than this. */
  shorten(name: Name, dueMs: number): void {
    const set = this.due.get(name);
    if (set !== undefined) this.due.set(name, Math.min(set, dueMs));
  }

  delete(name: Name): void {
    this.due.delete(name);
  }

  clear(): void {
    this.due.clear();
  }

  /** Those that are due, each once: whoever acts on one may clear or set others, which are not in the way. */
  *take(nowMs: number): Generator<Name> {
    for (const [name, dueMs] of [...this.due]) if (nowMs >= dueMs && this.due.delete(name)) yield name;
  }
}
