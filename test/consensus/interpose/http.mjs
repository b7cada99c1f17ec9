// An HTTP server for tests, at the port PORT0 of its environment: a timer, a thread pool, a worker, files, a child process and signals, as Node servers have them.
import { execFile } from 'node:child_process';
import { randomUUID, scrypt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

const notes = [];
let ticks = 0;
setInterval(() => ticks++, 20);
await new Promise((resolve) => setTimeout(resolve, 20)); // waits before it listens

const worker = new Worker(
  "const { parentPort: port } = require('node:worker_threads'); port.on('message', (text) => port.postMessage(text + Math.random()));",
  { eval: true },
);
const askWorker = (text) =>
  new Promise((resolve) => {
    worker.once('message', resolve);
    worker.postMessage(text);
  });

const pages = {
  '/': () => `${ticks} ${Date.now()} ${process.hrtime.bigint()} ${Math.random()} ${randomUUID()} ${process.pid}`,
  '/port': ({ socket }) => `${process.env.PORT0} ${server.address().port} ${socket.localPort}`,
  '/memory': () => `rss ${process.memoryUsage().rss}`,
  '/pool': async () => (await promisify(scrypt)(notes.join(), 'salt', 32)).toString('hex'),
  '/worker': () => askWorker('worker '),
  '/child': async () => (await promisify(execFile)('/bin/echo', ['a', 'child'])).stdout,
  '/file': async () => {
    await writeFile('notes.json', JSON.stringify(notes));
    return readFile('notes.json', 'utf8');
  },
};

const server = createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  if (body !== '') notes.push(body);
  response.end(`${await pages[request.url](request)}\n`);
});
process.on('SIGTERM', () => server.close(() => process.exit(0)));
server.listen(process.env.PORT0, '127.0.0.1');
