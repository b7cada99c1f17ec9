import type { FastifyRequest } from 'fastify';
import { seriesStepMs } from '../scheduler/series.js';
import type { SeriesPoint } from '../series.js';
import type { AppView } from '../service.js';
import { whole } from './query.js';
import { requireReplicated } from './replicas.js';

const columns = ['commitsPerSecond', 'p50Ns', 'p99Ns', 'lagEntries', 'elections'] as const;

/** `/v2/apps/{id}/series`: the last quarter of an hour in columns, for plots; `afterMs`: what came since. */
export function seriesJson(app: AppView, points: readonly SeriesPoint[], afterMs: number) {
  requireReplicated(app);
  const wanted = points.filter(({ atMs }) => atMs > afterMs);
  return {
    appId: app.spec.id,
    intervalMs: seriesStepMs,
    at: wanted.map(({ atMs }) => atMs),
    ...Object.fromEntries(columns.map((name) => [name, wanted.map((point) => point[name])])),
  };
}

/** `?after=`: milliseconds since 1970. */
export const afterMs = (request: FastifyRequest): number => whole(request, 'after', 0) ?? 0;

/** `/v2/apps/{id}/timeline`: its story with what each line is about, oldest first. */
export function timelineJson({ spec, story }: AppView) {
  return { appId: spec.id, events: story.map(({ at, text, kind }) => ({ at, kind: kind ?? 'other', text })) };
}
