import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { ExecutorArchive } from '../executor-archive/archive.js';
import { archiveName } from '../executor-archive/start.js';
import type { Context } from './context.js';
import { ApiError } from './errors.js';
import type { Resource } from './resource.js';

const DOWNLOADS_MAX = 100;
/** An agent that takes longer is given up. */
const DOWNLOAD_MAX_MS = 600_000;

/** `/v1/executor/SHA256.tar.gz`, for agents, which have no accounts; there is nothing secret in it. */
export function executorResource({ executorArchive: archive }: Context): Resource {
  let downloads = 0;
  return {
    GET: (request, reply) => {
      const { file } = request.params as { file: string };
      if (archive === null || file !== archiveName(archive.sha256)) throw noSuchArchive(file, archive);
      reply.type('application/gzip').header('Content-Length', archive.bytes);
      // Mesos asks for the length before it fetches; a text would be counted in its place.
      if (request.method === 'HEAD') return reply.send(Readable.from([]));
      if (downloads >= DOWNLOADS_MAX) throw busy();
      downloads += 1;
      const release = () => {
        downloads -= 1;
      };
      return sendBody(archive, reply, release);
    },
  };
}

function sendBody(archive: ExecutorArchive, reply: FastifyReply, release: () => void): FastifyReply {
  const body = archive.read(AbortSignal.timeout(DOWNLOAD_MAX_MS));
  body.once('close', release);
  return reply.send(body);
}

function noSuchArchive(file: string, archive: ExecutorArchive | null): ApiError {
  const has = archive === null ? 'none: start it with --executor-archive FILE' : archiveName(archive.sha256);
  return new ApiError(404, `${file} is not an archive of this scheduler`, `It has ${has}.`);
}

function busy(): ApiError {
  const remedy = 'The task is launched again.';
  return new ApiError(503, `${DOWNLOADS_MAX} agents fetch the executor already`, remedy, {}, { 'Retry-After': '10' });
}
