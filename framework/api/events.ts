import type { FastifyRequest } from 'fastify';
import type { Account } from '../access/users.js';
import { EventStream } from '../events/stream.js';
import type { Context } from './context.js';
import { ApiError } from './errors.js';
import { flag, text, texts } from './query.js';
import type { Resource } from './resource.js';

/** For a slow reader to take the word that it was too slow. */
const GRACE_MS = 5000;

/**
 * `/v2/events`: what happens, as Server-Sent Events. `Last-Event-ID` (or `?after=`, `oldest` for all that are kept) resumes;
 * `?event_type=` filters, `?follow=false` ends the stream with the newest event. When the accounts change, all streams end: who may still read
 * resumes.
 */
export function eventsResource(
  { service, now }: Context,
  users: (() => Account[]) | null,
  streamsMax: number,
): Resource {
  let streams = 0;
  return {
    GET: (request, reply) => {
      const { events } = service;
      requireEventStream(request);
      if (streams >= streamsMax) throw tooManyStreams(streamsMax);
      const accounts = users?.();
      const after = text(request, 'after') ?? (request.headers['last-event-id'] as string | undefined);
      const stream = new EventStream(events, {
        ...(after !== undefined && after !== '' && { after }),
        types: texts(request, 'event_type'),
        follow: flag(request, 'follow', true),
        now,
        mayRead: () => users?.() === accounts,
        onOverrun: () => setTimeout(() => reply.raw.destroy(), GRACE_MS).unref(),
      });
      const tell = (eventType: 'event_stream_attached' | 'event_stream_detached') =>
        events.publish({ eventType, remoteAddress: request.ip, timestamp: new Date(now()).toISOString() });
      streams += 1;
      stream.once('close', () => {
        streams -= 1;
        tell('event_stream_detached');
      });
      tell('event_stream_attached');
      return reply.header('X-Accel-Buffering', 'no').type('text/event-stream;charset=UTF-8').send(stream);
    },
  };
}

/** Marathon answers 405 to whoever does not ask for a stream by name. */
export function requireEventStream({ headers }: FastifyRequest): void {
  const ranges = (headers.accept ?? '').split(',').map((range) => range.split(';')[0]?.trim().toLowerCase());
  if (ranges.includes('text/event-stream')) return;
  throw new ApiError(405, 'Method Not Allowed', 'Ask with Accept: text/event-stream.', {}, { Allow: 'GET' });
}

export function tooManyStreams(streamsMax: number): ApiError {
  const remedy = `At most ${streamsMax} are served at a time; end one, or follow through one that there is.`;
  return new ApiError(503, 'Too many event streams', remedy, {}, { 'Retry-After': '10' });
}
