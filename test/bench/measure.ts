/** Closed-loop measurement shared by every benchmark: each client sends its next operation when the last was answered. */

export interface Figures {
  p50Us: number;
  p99Us: number;
  opsPerSecond: number;
}

/** Of one client, and beside it of 64. */
export type With64Clients<F = Figures> = F & { clients64: F };

/** The value below which `fraction` of the samples lie; `samples` need not be sorted. */
export function percentile(samples: readonly number[], fraction: number): number {
  if (samples.length === 0) throw new RangeError('percentile of no samples');
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] as number;
}

export const median = (samples: readonly number[]): number => percentile(samples, 0.5);

/** Rounds to what a reader can use: three significant digits below a hundred, whole numbers above. */
export function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** Says what has been measured while more is, on standard error. */
export function told<Figures extends object>(what: string, figures: Figures): Figures {
  console.error(`${what}: ${JSON.stringify(figures)}`);
  return figures;
}

/** One operation of one client; rejects when it failed, which ends the measurement. */
export type Operation = (client: number, sequence: number) => Promise<void>;

/** Runs `clients` closed loops for `seconds` after a warm-up of a fifth of that time. */
export async function measure(clients: number, seconds: number, operation: Operation): Promise<Figures> {
  await loop(clients, seconds / 5, operation);
  const startedAt = performance.now();
  const samples = await loop(clients, seconds, operation);
  const elapsedSeconds = (performance.now() - startedAt) / 1000;
  return figures(samples, elapsedSeconds);
}

export function figures(samplesUs: readonly number[], elapsedSeconds: number): Figures {
  return {
    p50Us: round(percentile(samplesUs, 0.5)),
    p99Us: round(percentile(samplesUs, 0.99)),
    opsPerSecond: Math.round(samplesUs.length / elapsedSeconds),
  };
}

/** One run of the closed loops; gives back how long each operation took, in microseconds. */
export async function loop(clients: number, seconds: number, operation: Operation): Promise<number[]> {
  const until = performance.now() + seconds * 1000;
  const samples: number[] = [];
  const client = async (id: number): Promise<void> => {
    for (let sequence = 0; performance.now() < until; sequence++) {
      const startedAt = performance.now();
      await operation(id, sequence);
      samples.push((performance.now() - startedAt) * 1000);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, id) => client(id)));
  return samples;
}
