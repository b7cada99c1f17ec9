/** Ports for members, which must know those of others before any of them listens. */
import { randomBytes } from 'node:crypto';
import net from 'node:net';

const handedOut = new Set<number>();

/** Below the range the kernel gives to clients, and never the same twice. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const port = 10_000 + (randomBytes(2).readUInt16LE() % 20_000);
    if (handedOut.has(port) || !(await isFree(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error('no port from 10000 to 29999 is free');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
