/** The calls of an object that gave an answer no order explains, around that answer. */
import type { Value, Verdict } from '../checker/index.js';
import type { AnyCall } from '../history.js';
import type { GroupHistory } from './report.js';
import { escaped } from './text.js';

export interface Violated {
  group: string;
  /** The first one whose answer no order of the calls explains. */
  call: AnyCall;
}

/** The calls that the checker was given are those of the history. */
export function violatedOf(group: string, verdict: Verdict<any, Value>): Violated[] {
  return verdict.verdict === 'violated' ? [{ group, call: verdict.violation.call as unknown as AnyCall }] : [];
}

const callsMax = 100;

/** Of the same object, by the time they were made. */
export function callsAround({ call }: Violated, { calls }: GroupHistory): AnyCall[] {
  const ofObject = calls.filter(({ object }) => object === call.object).sort((a, b) => a.callNs - b.callNs);
  const at = ofObject.findIndex((one) => isSame(one, call));
  const from = Math.max(0, Math.min(at - callsMax / 2, ofObject.length - callsMax));
  return ofObject.slice(from, from + callsMax);
}

export function violatedPart(violated: Violated, history: GroupHistory, beginNs: number): string {
  const around = callsAround(violated, history);
  const rows = around.map((call) => callRow(call, beginNs, isSame(call, violated.call)));
  return `<h3 class="broken">${escaped(violated.group)}, ${escaped(violated.call.object)}: no order explains the answer in red</h3>
<table><tr><th>called<th>answered<th>client<th>call<th>answer</tr>${rows.join('')}</table>`;
}

/** Also of one that was read from a file. */
const isSame = (one: AnyCall, other: AnyCall): boolean =>
  one.object === other.object && one.process === other.process && one.callNs === other.callNs;

function callRow(call: AnyCall, beginNs: number, isBroken: boolean): string {
  const at = (ns: number) => `${((ns - beginNs) / 1e9).toFixed(4)} s`;
  const [answeredAt, answer] =
    call.outcome === 'returned' ? [at(call.returnNs), JSON.stringify(call.result)] : ['', 'not known'];
  const cells = [at(call.callNs), answeredAt, `${call.process}`, JSON.stringify(call.operation), answer];
  return `<tr${isBroken ? ' class="broken"' : ''}>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`;
}
