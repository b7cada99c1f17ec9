import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { encodeRecord } from '../../../framework/mesos-http-client/index.js';

/** A request as it came over the wire. */
export interface Request {
  line: string;
  headers: Record<string, string>;
  body: string;
  json: { type?: string; [key: string]: unknown };
}

/** The answer to one request, byte by byte as the script wants it. */
export class Exchange {
  readonly request: Request;
  readonly #socket: Socket;

  constructor(request: Request, socket: Socket) {
    this.request = request;
    this.#socket = socket;
  }

  write(bytes: string | Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  answer(status: string, body = '', headers = ''): void {
    this.write(`HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  beginStream(streamId: string | null): void {
    const id = streamId === null ? '' : `Mesos-Stream-Id: ${streamId}\r\n`;
    this.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${id}Content-Type: application/json\r\n\r\n`);
  }

  /** One HTTP chunk with these bytes. */
  chunk(bytes: Buffer): void {
    this.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]));
  }

  event(event: object): void {
    this.chunk(encodeRecord(JSON.stringify(event)));
  }

  /** The end of a chunked body; the socket stays open. */
  lastChunk(): void {
    this.write('0\r\n\r\n');
  }

  /** A FIN in mid-stream, as when the server dies. */
  fin(): void {
    this.#socket.end();
  }

  /** Bytes the client has not taken: neither it nor the kernel has room for them. */
  get backlogBytes(): number {
    return this.#socket.writableLength;
  }
}

/** A TCP server on a free port of 127.0.0.1 that answers every HTTP request with what `script` writes. */
export class ScriptedServer {
  readonly requests: Request[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(script: (exchange: Exchange) => void) {
    this.#server = createServer((socket) => this.#serve(socket, script));
  }

  static async start(script: (exchange: Exchange) => void, port = 0): Promise<ScriptedServer> {
    const server = new ScriptedServer(script);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Open sockets: what a client that was closed has left behind. */
  get socketCount(): number {
    return this.#sockets.size;
  }

  requestsOf(type: string): Request[] {
    return this.requests.filter(({ json }) => json.type === type);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket, script: (exchange: Exchange) => void): void {
    let input = Buffer.alloc(0);
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    socket.on('data', (data) => {
      input = Buffer.concat([input, data]);
      for (let parsed = parseRequest(input); parsed; parsed = parseRequest(input)) {
        input = input.subarray(parsed.bytes);
        this.requests.push(parsed.request);
        script(new Exchange(parsed.request, socket));
      }
    });
  }
}

function parseRequest(input: Buffer): { request: Request; bytes: number } | null {
  const headEnd = input.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const [line = '', ...fields] = input.subarray(0, headEnd).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    fields.map((field) => [
      field.slice(0, field.indexOf(':')).toLowerCase(),
      field.slice(field.indexOf(':') + 1).trim(),
    ]),
  );
  const bytes = headEnd + 4 + Number(headers['content-length'] ?? 0);
  if (input.length < bytes) return null;
  const body = input.subarray(headEnd + 4, bytes).toString('utf8');
  return { request: { line, headers, body, json: body === '' ? {} : JSON.parse(body) }, bytes };
}

/** Resolves once `condition` holds; fails with `what` after a bound. */
export async function until(what: string, condition: () => boolean, boundMs = 5000): Promise<void> {
  const deadlineMs = performance.now() + boundMs;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${boundMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
