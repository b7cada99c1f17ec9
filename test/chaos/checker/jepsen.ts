/** Logs of Jepsen's tests of one register, as histories. */
import type { Call, Value } from './history.js';
import type { RegisterOperation } from './models.js';

type On = Call<RegisterOperation, Value>;

/** A log has no times: the numbers of lines stand for them. What is open at its end has an unknown outcome, as `:info` says. */
export function readJepsenLog(text: string): On[] {
  const calls: On[] = [];
  const open = new Map<string, On>();
  for (const [atNs, line] of text.split('\n').entries()) {
    const [, process, kind, f, value] = /(\d+)\s+:(\w+)\s+:(\w+)\s+(.+)$/.exec(line) ?? [];
    if (process === undefined || f === undefined || value === undefined) continue;
    if (kind === 'invoke') {
      open.set(process, { process, operation: operationOf(f, value), callNs: atNs, outcome: 'unknown' });
      continue;
    }
    const call = open.get(process);
    open.delete(process);
    if (call === undefined) throw new Error(`line ${atNs + 1}: process ${process} has called nothing`);
    const ended = endOf(call, kind === 'ok', value, atNs);
    if (ended !== null) calls.push(ended);
  }
  return [...calls, ...open.values()];
}

/** Null: it certainly had no effect, and tells nothing. */
function endOf(call: On, isOk: boolean, value: string, returnNs: number): On | null {
  const { type } = call.operation;
  const isTimedOut = value === ':timed-out';
  if (isTimedOut) return type === 'read' ? null : call;
  const result = type === 'read' ? numberIn(value) : type === 'write' ? null : isOk;
  return { ...call, outcome: 'returned', returnNs, result };
}

function operationOf(f: string, value: string): RegisterOperation {
  if (f === 'read') return { type: 'read' };
  if (f === 'write') return { type: 'write', value: numberIn(value) };
  const [from = '', to = ''] = value.replace(/[[\]]/g, '').split(/\s+/);
  return { type: 'compareAndSet', from: numberIn(from), to: numberIn(to) };
}

const numberIn = (text: string): Value => (text === 'nil' ? null : Number(text));
