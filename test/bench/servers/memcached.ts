/** Each client sets an item of 100 bytes and gets it back, in turn, in memcached's text protocol. */
import type { Request, Talk } from './exchange.js';

const value = 'v'.repeat(100);

function pair(client: number): [Request, Request] {
  const name = `value-${client}`;
  const answer = `VALUE ${name} 0 ${value.length}\r\n${value}\r\nEND\r\n`;
  return [
    { bytes: Buffer.from(`set ${name} 0 0 ${value.length}\r\n${value}\r\n`), answerBytes: 'STORED\r\n'.length },
    { bytes: Buffer.from(`get ${name}\r\n`), answerBytes: answer.length },
  ];
}

export function setsAndGets(clients: number): Talk {
  const pairs = Array.from({ length: clients }, (_, client) => pair(client));
  return { request: (client, sequence) => pairs[client]?.[sequence % 2] as Request };
}
