/**
 * A replicated key-value store: PUT /key stores the body, GET /key answers it. One process per member:
 *
 *   SECRET=$(openssl rand -hex 32) node dist/consensus/examples/key-value.js NUMBER CONSENSUSPORT:HTTPPORT...
 *
 * with the ports of members 1, 2, 3, ... in order, the same for all. Members 1 to 3 are the founders. A member that has
 * ended never returns; the next number takes its slot: 4 that of 1, 5 that of 2, 6 that of 3, 7 that of 4.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Member, NotLeaderError, openReplica } from '../index.js';

const founderCount = 3;
const valueBytesMax = 1 << 20;
const members = process.argv.slice(3).map((ports, i): Member => {
  const [consensusPort, servicePort] = ports.split(':').map(Number) as [number, number];
  return { slot: i % founderCount, number: i + 1, host: '127.0.0.1', consensusPort, servicePort };
});
const number = Number(process.argv[2]);
const self = members[number - 1] as Member;
const joins = number > founderCount;
const journalDirectory = mkdtempSync(join(tmpdir(), 'key-value-'));
const values = new Map<string, string>();

const replica = openReplica(
  {
    group: 'key-value-example',
    secret: Buffer.from(process.env.SECRET ?? '', 'hex'),
    self,
    peers: members.slice(0, joins ? number - 1 : founderCount).filter((member) => member !== self),
    join: joins,
    journalDirectory,
  },
  {
    onCommit(_index, bytes) {
      const [key, value] = JSON.parse(Buffer.from(bytes).toString()) as [string, string];
      values.set(key, value);
    },
    onSnapshot: () => Buffer.from(JSON.stringify([...values])),
    onRestore(_index, bytes) {
      values.clear();
      for (const [key, value] of JSON.parse(Buffer.from(bytes).toString())) values.set(key, value);
    },
    onStatus: ({ role, term, leader }) => console.log(`${role}, term ${term}, leader ${leader?.number ?? 'unknown'}`),
  },
);

async function put(key: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!(Number(request.headers['content-length']) <= valueBytesMax)) return answer(response, 413);
  try {
    const entry = Buffer.from(JSON.stringify([key, await text(request)]));
    await replica.propose(entry, { signal: AbortSignal.timeout(5000) });
    answer(response, 204); // committed: it survives the loss of any minority
  } catch (error) {
    const leader = error instanceof NotLeaderError ? error.leader : null;
    if (leader) response.setHeader('Location', `http://${leader.host}:${leader.servicePort}/${key}`);
    answer(response, leader ? 307 : 503, `${(error as Error).message}\n`);
  }
}

function answer(response: ServerResponse, status: number, body = ''): void {
  response.writeHead(status).end(body);
}

createServer((request, response) => {
  const key = request.url?.slice(1) ?? '';
  if (request.method === 'PUT') put(key, request, response);
  else answer(response, values.has(key) ? 200 : 404, values.get(key)); // this member's copy; it may lag
}).listen(self.servicePort, self.host);
process.once('exit', () => rmSync(journalDirectory, { recursive: true, force: true }));
process.once('SIGTERM', () => replica.close().then(() => process.exit()));
