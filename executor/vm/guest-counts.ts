/** Sums up what `gaia-vm` says of rounds, frames and takeovers, in a bounded form. Pure. */
import type { FrameCounts, GuestMetrics, RoundReport, Takeover } from '../assignment.js';

const recentMax = 32;
/** A channel that says nonsense must not fill our memory. */
const triggersMax = 16;

/** The bucket of `Distribution` that a whole number from 0 lies in, by its highest value. */
function bucketMaxOf(value: number): number {
  if (value < 16) return value;
  const width = 2 ** (Math.floor(Math.log2(value)) - 4);
  return (Math.floor(value / width) + 1) * width - 1;
}

export function describeTakeover({ suspectedMs, electedMs, primaryMs, outputMs }: Takeover): string {
  const parts = `suspected after ${suspectedMs} ms, elected after ${electedMs}, primary after ${primaryMs}`;
  return `took over; since the former primary was heard last: ${parts}, first output after ${outputMs}`;
}

export class GuestCounts {
  private readonly sums: GuestMetrics['rounds'] = {
    ...{ dirtyPages: 0, unchangedPages: 0, zeroPages: 0, equalPages: 0, sentPages: 0 },
    ...{ wholePages: 0, streamBytes: 0, toBackupBytes: 0 },
  };
  private readonly triggers = new Map<string, number>();
  private readonly pauses = new Map<number, number>();
  private pauseSumUs = 0;
  private recent: { round: RoundReport; endedMs: number }[] = [];
  private frames: FrameCounts | null = null;
  private takeover: Takeover | null = null;
  private known: GuestMetrics | null = null;

  /** `nowMs` never goes back. */
  addRound(round: RoundReport, nowMs: number): void {
    this.known = null;
    for (const name of Object.keys(this.sums) as (keyof typeof this.sums)[]) this.sums[name] += round[name];
    const isKnown = this.triggers.has(round.trigger) || this.triggers.size < triggersMax;
    const trigger = isKnown ? round.trigger : 'other';
    this.triggers.set(trigger, (this.triggers.get(trigger) ?? 0) + 1);
    const bucket = bucketMaxOf(round.pauseUs);
    this.pauses.set(bucket, (this.pauses.get(bucket) ?? 0) + 1);
    this.pauseSumUs += round.pauseUs;
    this.recent = [...this.recent, { round, endedMs: nowMs }].slice(-recentMax);
  }

  /** The newest counts; they are sums already. What is to be said of a guest that has fallen silent, or speaks again; else null. */
  setFrames(frames: FrameCounts): string | null {
    const [before, now] = [this.frames?.unheardMs ?? 0, frames.unheardMs];
    this.known = null;
    this.frames = frames;
    if (before > 0 && now === 0) return 'the guest answers again';
    if (before > 0 || now === 0) return null;
    return `the guest has answered no client of this member for ${Math.round(now / 1000)} s, nor an ARP request: it has not started yet, or has stopped, or its network`;
  }

  /** The newest. */
  setTakeover(takeover: Takeover): void {
    this.known = null;
    this.takeover = takeover;
  }

  /** Null: nothing has been counted. The same object until something is. */
  metrics(): GuestMetrics | null {
    if (this.recent.length === 0 && this.frames === null && this.takeover === null) return null;
    this.known ??= {
      rounds: { ...this.sums },
      triggers: Object.fromEntries(this.triggers),
      pauseUs: {
        count: [...this.pauses.values()].reduce((all, count) => all + count, 0),
        sum: this.pauseSumUs,
        buckets: [...this.pauses].sort(([a], [b]) => a - b),
      },
      recent: this.recentRounds(),
      frames: this.frames,
      takeover: this.takeover,
    };
    return this.known;
  }

  private recentRounds(): GuestMetrics['recent'] {
    const [first, last] = [this.recent[0], this.recent.at(-1)];
    if (first === undefined || last === undefined) return null;
    return {
      pausesUs: this.recent.map(({ round }) => round.pauseUs),
      spanMs: Math.round(last.endedMs - first.endedMs),
      last: last.round,
    };
  }
}
