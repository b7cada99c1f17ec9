/** Each client puts a value of 100 bytes and asks for it, in turn, and looks at the answers, as the soaks' clients do. */
import { Visitor } from '../../catalogue/visitor.js';
import type { Exchange, Wire } from '../../catalogue/wires/wire.js';
import { sampled } from './exchange.js';
import type { Load } from './loads.js';

const value = Buffer.from('v'.repeat(100));

export function putsAndGets(wire: Wire, clients: number): Load {
  const names = Array.from({ length: clients }, (_, client) => `value-${client}`);
  const pairs = names.map((name) => [wire.put(name, value), wire.get(name, [value])]);
  return async (port, seconds) => {
    const open = await Promise.all(names.map(() => Visitor.open(port)));
    try {
      if (wire.hello) for (const one of open) await one.ask(wire.hello);
      for (const exchange of wire.begin?.(names) ?? []) await (open[0] as Visitor).ask(exchange);
      return await sampled(clients, seconds, (i, n) => (open[i] as Visitor).ask(pairs[i]?.[n % 2] as Exchange));
    } finally {
      for (const one of open) one.close();
    }
  };
}
