/** Publishes with quality 1, and waits for the acknowledgement. */
import { atLeastOnce, connectPacket, Kind, number, packet, text } from '../../catalogue/wires/mqtt.js';
import type { Talk } from './exchange.js';

const publishPacket = (topic: string) =>
  packet(Kind.publish, atLeastOnce, text(topic), number(1), Buffer.from('v'.repeat(100)));

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
