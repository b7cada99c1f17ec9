import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  connectionsMax: number;
  /** Of one address. */
  addressConnectionsMax: number;
}

/** Connections beyond the limits are closed at once: who opens too many takes none of those that are left to others. */
export function limitConnections(server: Server, { connectionsMax, addressConnectionsMax }: ConnectionLimits): void {
  const open = new Map<string, number>();
  const count = (address: string, by: 1 | -1) => {
    const now = (open.get(address) ?? 0) + by;
    if (now === 0) open.delete(address);
    else open.set(address, now);
    return now;
  };
  server.maxConnections = connectionsMax;
  server.on('connection', (socket: Socket) => {
    // Unknown: it has gone already.
    const { remoteAddress: address } = socket;
    if (address === undefined) return;
    socket.once('close', () => count(address, -1));
    if (count(address, 1) > addressConnectionsMax) socket.destroy();
  });
}
