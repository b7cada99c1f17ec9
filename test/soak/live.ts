/** What a process of node's has in use: what is left of its heap when its garbage has been collected. */
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'undici';
import { identify } from '../../framework/mesos-local/agent/process-tree.js';
import { eventually } from '../consensus/group.js';

const answerMaxMs = 10_000;
/** Where node's inspector listens after SIGUSR1, if the process is not told otherwise. */
const inspectorPort = 9229;

/** Node crashes, or stands still for ever, where an inspector is closed while somebody is connected: once in 150 times. */
const closedAfterMs = 150;

const used = `(() => {
  const { heapUsed, external } = process.memoryUsage();
  const { close } = process.getBuiltinModule('inspector');
  setTimeout(close, ${closedAfterMs});
  return JSON.stringify({ pid: process.pid, bytes: heapUsed + external });
})()`;

/**
 * Through its inspector, which is closed again: one process at a time.
 * @returns bytes, those of buffers among them; null: the process has ended
 * @throws Error when it does not answer, or somebody else does at that port
 */
export async function liveBytesOf(pid: number, port = inspectorPort): Promise<number | null> {
  const isThere = () => identify(pid) !== null;
  if (!isThere()) return null;
  try {
    process.kill(pid, 'SIGUSR1');
    const inspector = await Inspector.open(await eventually('no inspector', () => addressAt(port), answerMaxMs));
    await inspector.ask('HeapProfiler.collectGarbage');
    const { result } = (await inspector.ask('Runtime.evaluate', { expression: used })) as { result: { value: string } };
    inspector.close();
    const { pid: answered, bytes } = JSON.parse(result.value);
    if (answered !== pid) throw new Error(`process ${answered} answers at port ${port}, where ${pid} was asked`);
    await delay(2 * closedAfterMs); // to ask whether it is closed is to be connected
    await eventually('it stays open', async () => (await addressAt(port)) === null, answerMaxMs);
    return bytes;
  } catch (error) {
    if (!isThere()) return null;
    throw new Error(`the heap of process ${pid} could not be read at port ${port}`, { cause: error });
  }
}

/** Null while nobody listens there. */
async function addressAt(port: number): Promise<string | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/json/list`, { headers: { connection: 'close' } });
    const [target] = (await answer.json()) as { webSocketDebuggerUrl: string }[];
    return target?.webSocketDebuggerUrl ?? null;
  } catch {
    return null;
  }
}

class Inspector {
  private asked = 0;
  private readonly waiting = new Map<number, Waiting>();

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener('message', ({ data }) => {
      const { id, result } = JSON.parse(String(data));
      this.waiting.get(id)?.resolve(result);
    });
    socket.addEventListener('close', () => this.fail(new Error('it has closed the connection')));
  }

  static async open(address: string): Promise<Inspector> {
    const socket = new WebSocket(address);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', ({ message }) => reject(new Error(message)));
    });
    return new Inspector(socket);
  }

  async ask(method: string, params: object = {}): Promise<unknown> {
    this.asked += 1;
    const id = this.asked;
    const answer = new Promise<unknown>((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.socket.send(JSON.stringify({ id, method, params }));
    const timer = setTimeout(() => this.fail(new Error(`no answer within ${answerMaxMs} ms`)), answerMaxMs);
    return answer.finally(() => clearTimeout(timer));
  }

  close(): void {
    this.socket.close();
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
  }
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}
