/** How clients of a soak speak to the two servers: the same words for a Redis and for the server behind gateways. */
import { LineConnection } from '../consensus/gateway/lines.js';
import { RespConnection } from '../resp.js';

/** `value`: it is to be written; left out: it is read. */
export interface Words {
  key: string;
  value?: string;
}

/** `OK` for what was written, else the value or null. An error is the server's. */
export type Answer = string | null | Error;

export interface Talk {
  exchange(all: Words[]): Promise<Answer[]>;
  close(): void;
}

export type Open = (port: number) => Promise<Talk>;

export async function openRedis(port: number): Promise<Talk> {
  const connection = await RespConnection.open(port);
  const command = ({ key, value }: Words) => (value === undefined ? ['GET', key] : ['SET', key, value]);
  return {
    exchange: async (all) => (await connection.pipeline(all.map(command))) as Answer[],
    close: () => connection.close(),
  };
}

export async function openLines(port: number): Promise<Talk> {
  const connection = await LineConnection.open(port);
  const ask = async ({ key, value }: Words): Promise<Answer> => {
    const line = await connection.ask(value === undefined ? `GET ${key}` : `PUT ${key} ${value}`);
    // Both end with the number of the change.
    const said = line.split(' ')[0] as string;
    return said === 'NONE' ? null : said;
  };
  return { exchange: (all) => Promise.all(all.map(ask)), close: () => connection.close() };
}
