/** As much of MQTT 3.1.1 as one needs to publish with quality 1 and to wait for the acknowledgement. */
import type { Talk } from './exchange.js';

const text = (value: string) =>
  Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)]);

/** Bodies of less than 128 bytes, whose length is one byte. */
const packet = (head: number, ...parts: Buffer[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([head, body.length]), body]);
};

const cleanSession = Buffer.from([4, 2, 0, 0]);
const connectPacket = (id: string) => packet(0x10, text('MQTT'), cleanSession, text(id));
const publishPacket = (topic: string) => packet(0x32, text(topic), Buffer.from([0, 1]), Buffer.from('v'.repeat(100)));

/** CONNACK and PUBACK alike. */
const answerBytes = 4;

/** Each client publishes to a topic of its own. */
export function publishing(clients: number): Talk {
  const packets = Array.from({ length: clients }, (_, i) => publishPacket(`values/${i}`));
  return {
    greeting: (client) => ({ bytes: connectPacket(`publisher-${client}`), answerBytes }),
    request: (client) => ({ bytes: packets[client] as Buffer, answerBytes }),
  };
}
