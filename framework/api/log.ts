import type { FastifyRequest } from 'fastify';
import { MesosError } from '../mesos-http-client/index.js';
import type { ReadFile } from '../sandbox-files.js';
import type { SandboxView } from '../service.js';
import { type Context, requireApp } from './context.js';
import { ApiError } from './errors.js';
import { text, whole } from './query.js';
import type { Resource } from './resource.js';

const FILES = ['stdout', 'stderr'];
const BYTES_DEFAULT = 64 * 1024;
const BYTES_MAX = 256 * 1024;

/**
 * `/v2/apps/{id}/tasks/{task}/log`: the end of what a task has written, or what came after `?offset=`, which is `next` of the answer
 * before. Of a guest `stdout` is its console.
 */
export function taskLogResource(context: Context, appId: string, taskId: string): Resource {
  return {
    GET: async (request) => {
      const file = fileIn(request);
      const length = whole(request, 'length', 1, BYTES_MAX) ?? BYTES_DEFAULT;
      const offset = whole(request, 'offset', 0);
      const sandbox = sandboxOf(context, appId, taskId);
      const readPart: ReadPart = (from, bytesMax) =>
        context.readFile(sandbox.agentUrl, `${sandbox.path}/${file}`, from, bytesMax);
      const part = await partOf(readPart, offset, length).catch((error) => {
        throw unread(error, sandbox, file);
      });
      return { taskId, file, ...part };
    },
  };
}

type Located = SandboxView & { agentUrl: string };
type ReadPart = (offset: number, bytesMax: number) => ReturnType<ReadFile>;

function sandboxOf({ service }: Context, appId: string, taskId: string): Located {
  requireApp(service.view(), appId);
  const sandbox = service.sandbox(appId, taskId);
  if (sandbox === null) {
    const remedy = `GET /v2/apps${appId}/tasks lists them; of those that have ended, the last that failed can be read.`;
    throw new ApiError(404, `Task '${taskId}' does not exist`, remedy);
  }
  const { agentUrl, host } = sandbox;
  if (agentUrl !== null) return { ...sandbox, agentUrl };
  const remedy = 'It is known when the agent has offered something since the framework started; repeat this then.';
  throw new ApiError(503, `Where the agent of ${host} answers is not known`, remedy, {}, { 'Retry-After': '10' });
}

export interface Part {
  /** Of the first byte of `text`, and of the first after it. */
  offset: number;
  next: number;
  /** Of the whole file, in bytes as well. */
  size: number;
  text: string;
}

/** A file that is shorter than `offset` has begun anew: its end, as without `offset`. */
async function partOf(readPart: ReadPart, offset: number | null, length: number): Promise<Part> {
  if (offset !== null) {
    const { size, data } = await readPart(offset, length);
    if (size >= offset) return { size, ...wholeCharacters(data, offset) };
  }
  const end = (await readPart(0, 0)).size;
  const from = Math.max(0, end - length);
  const { size, data } = await readPart(from, length);
  let cut = 0;
  while (from > 0 && cut < 3 && isRest(data[cut])) cut += 1;
  return { size, ...wholeCharacters(data.subarray(cut), from + cut) };
}

/** Of a character of UTF-8, after its first byte. */
const isRest = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

/** A character that has begun at the end is told with the rest of it. */
export function wholeCharacters(data: Buffer, offset: number): Omit<Part, 'size'> {
  let last = data.length - 1;
  while (last > data.length - 4 && isRest(data[last])) last -= 1;
  const first = data[last] ?? 0;
  const bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  const end = last >= 0 && last + bytes > data.length ? last : data.length;
  return { offset, next: offset + end, text: data.toString('utf8', 0, end) };
}

function unread(error: unknown, { host }: Located, file: string): unknown {
  if (!(error instanceof MesosError)) return error;
  if (error.status === 404) {
    const remedy = 'The task has not begun yet, or the agent has removed the sandbox.';
    return new ApiError(404, `The agent of ${host} has no ${file} of this task`, remedy);
  }
  if (error.code === 'tooManyCalls')
    return new ApiError(503, `Too many logs are asked for: ${error.message}`, error.remedy, {}, { 'Retry-After': '1' });
  const asks = error.code === 'unauthenticated' || error.code === 'forbidden';
  const remedy = asks
    ? "Agents are given the framework's secret over TLS only: give --mesos-ca, and a principal that they know."
    : 'Look whether the agent runs, and can be reached from here.';
  return new ApiError(502, `The agent of ${host} does not give ${file}: ${error.message}`, remedy);
}

function fileIn(request: FastifyRequest): string {
  const file = text(request, 'file') ?? 'stdout';
  if (FILES.includes(file)) return file;
  throw new ApiError(400, `The query parameter file is '${file}'`, `Use ${FILES.join(' or ')}.`);
}
