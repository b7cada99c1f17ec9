/** Which values names may have: the one that was acknowledged last, and those that were sent since then. Each has one writer. */
export class Possible {
  private readonly values = new Map<string, Buffer[]>();

  sent(name: string, value: Buffer): void {
    this.values.get(name)?.push(value);
  }

  acknowledged(name: string, value: Buffer): void {
    this.values.set(name, [value]);
  }

  /** None until one was acknowledged. */
  of(name: string): Buffer[] {
    return this.values.get(name) ?? [];
  }
}
