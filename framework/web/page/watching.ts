/** Follows /v2/watch for as long as the page is open, and says what it hears, at once unless it has just said something. */
import type { ClusterEvent } from '../model/cluster-state.js';
import { EventParser, type ServerEvent } from '../model/event-stream.js';
import type { Changes, Snapshot } from '../model/rows.js';
import { breath, pause } from './clock.js';
import { ApiFailure, ask, piecesOf } from './session.js';

/** A little less than the server's 200, which come early or late. */
const INTERVAL_MS = 150;
/** The server says something every two seconds. */
const SILENCE_MS = 6000;
const PAUSES_MS = [250, 500, 1000, 2000, 4000];

type Tell = (event: ClusterEvent) => void;

/** Until `signal` is aborted, or somebody is to sign in first. */
export async function watchCluster(tell: Tell, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    const reason = await watchOnce(tell, signal, () => {
      attempt = 0;
    });
    if (reason === null || signal.aborted) return;
    tell({ type: 'lost', reason });
    await pause(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)] as number, signal);
  }
}

/** Why the stream has ended; null: whoever reads it is to sign in. */
async function watchOnce(tell: Tell, signal: AbortSignal, onHeard: () => void): Promise<string | null> {
  const silence = new Silence();
  const stopped = AbortSignal.any([signal, silence.signal]);
  const news = new News(tell, stopped);
  try {
    const answer = await ask('/v2/watch', { accept: 'text/event-stream', signal: stopped });
    const parser = new EventParser();
    for await (const piece of piecesOf(answer)) {
      silence.heard();
      onHeard();
      for (const event of parser.push(piece)) await news.add(event);
    }
    return 'The framework has ended the stream.';
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 401) return null;
    return silence.signal.aborted ? `Nothing was heard for ${SILENCE_MS / 1000} s.` : (error as Error).message;
  } finally {
    silence.end();
    news.end();
  }
}

/** Aborts when nothing is heard for a while, also on the way to the first answer. */
class Silence {
  readonly #controller = new AbortController();
  #timer = 0;

  constructor() {
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#controller.abort(), SILENCE_MS);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Collects changes, and tells of all that came within an interval at once. */
class News {
  #changes: Changes[] = [];
  #timer: number | null = null;
  #toldAtMs = 0;

  constructor(
    readonly tell: Tell,
    readonly signal: AbortSignal,
  ) {}

  async add({ type, data }: ServerEvent): Promise<void> {
    if (type === 'snapshot') await this.#begin(data);
    else if (type === 'alive') this.tell({ type, nowMs: Date.now() });
    else if (type === 'changes') this.#collect(JSON.parse(data) as Changes);
  }

  end(): void {
    this.#flush();
  }

  /** Megabytes: they are collected, read and shown in tasks of their own, between which the browser answers its user. */
  async #begin(data: string): Promise<void> {
    this.#changes = [];
    await breath();
    const snapshot = JSON.parse(data) as Snapshot;
    await breath();
    if (!this.signal.aborted) this.tell({ type: 'snapshot', nowMs: Date.now(), snapshot });
  }

  #collect(changes: Changes): void {
    this.#changes.push(changes);
    const restMs = this.#toldAtMs + INTERVAL_MS - performance.now();
    if (restMs <= 0) this.#flush();
    else this.#timer ??= window.setTimeout(() => this.#flush(), restMs);
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#toldAtMs = performance.now();
    const changes = this.#changes;
    this.#changes = [];
    if (changes.length === 0) return;
    this.tell({ type: 'changes', nowMs: Date.now(), changes });
    markOfChanges();
  }
}

/** For who traces the page. It is cleared at once, since the browser would keep each. */
function markOfChanges(): void {
  performance.mark('gaia-told');
  performance.clearMarks('gaia-told');
}
