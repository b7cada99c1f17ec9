import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { addAbortSignal, Readable } from 'node:stream';

/** An archive that is served. */
export interface ExecutorArchive {
  /** Of the whole file, hex. */
  sha256: string;
  bytes: number;
  /** Its bytes from the first on, until `signal` says otherwise. */
  read(signal?: AbortSignal): Readable;
}

export interface OpenArchive extends ExecutorArchive {
  /** Nothing reads of it any more. */
  close(): Promise<void>;
}

/** It has about 60 MiB; each agent fetches it, and each task copies it out of the agent's cache. */
export const archiveBytesMax = 256 * 2 ** 20;
const chunkBytes = 256 * 1024;

/** It stays open, so that a file that is put in its place changes nothing. Throws an error that names the option. */
export async function openArchive(file: string): Promise<OpenArchive> {
  try {
    const { size: bytes } = await stat(file);
    if (bytes > archiveBytesMax) throw new Error(`it has ${bytes} bytes, more than ${archiveBytesMax}`);
    const handle = await open(file);
    try {
      const hash = createHash('sha256');
      for await (const chunk of chunksOf(handle)) hash.update(chunk);
      const read = (signal?: AbortSignal) => readFrom(handle, signal);
      return { sha256: hash.digest('hex'), bytes, read, close: () => handle.close() };
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`--executor-archive ${file} cannot be read: ${message}; "npm run package:executor" makes one`);
  }
}

/** Not by a stream of the file: whoever ends early would close the handle for all. */
function readFrom(handle: FileHandle, signal: AbortSignal | undefined): Readable {
  const body = Readable.from(chunksOf(handle), { objectMode: false });
  return signal ? addAbortSignal(signal, body) : body;
}

async function* chunksOf(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
