import type { Account } from '../access/users.js';
import { installation } from '../installation.js';
import { Watch } from '../picture/watch.js';
import { deploymentJson } from './answers.js';
import type { Context } from './context.js';
import { requireEventStream, tooManyStreams } from './events.js';
import { flag } from './query.js';
import type { Resource } from './resource.js';

/**
 * `/v2/watch`: the cluster in short rows, as Server-Sent Events, for pages: `snapshot`, then `changes` every 180 ms at most, and
 * `alive` when there are none. Streams end when the accounts change, and when this scheduler leads no more; who comes back gets a snapshot.
 * `?follow=false` ends with the snapshot.
 */
export function watchResource(
  { service, leadership }: Context,
  users: (() => Account[]) | null,
  streamsMax: number,
): Resource {
  const watch = new Watch({
    picture: () => service.picture(),
    deployment: deploymentJson,
    about: () => ({ version: installation.version, leader: leadership.leader }),
  });
  return {
    GET: (request, reply) => {
      requireEventStream(request);
      if (watch.watchers >= streamsMax) throw tooManyStreams(streamsMax);
      const accounts = users?.();
      const stream = watch.open(() => users?.() === accounts, flag(request, 'follow', true));
      return reply.header('X-Accel-Buffering', 'no').type('text/event-stream;charset=UTF-8').send(stream);
    },
  };
}
