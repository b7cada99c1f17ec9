/** What becomes of packets at a machine: rules of its own nftables, by text. Pure. */

/** For packets that a machine sends, or that it receives. */
export type Direction = 'out' | 'in';

export interface PacketRule {
  direction: Direction;
  /** Of other machines; null: all but itself. */
  others: readonly string[] | null;
  verdict: 'drop' | 'reset' | { dropPercent: number };
}

/** What `nft -f -` makes the table of. */
export function tableOf(name: string, rules: readonly PacketRule[]): string {
  const chains = (['out', 'in'] as const).map((direction) => {
    const lines = rules.filter((rule) => rule.direction === direction).map(lineOf);
    const hook = direction === 'out' ? 'output' : 'input';
    return `  chain ${direction} {\n    type filter hook ${hook} priority 0;\n${lines.join('')}  }\n`;
  });
  return `table ip ${name} {\n${chains.join('')}}\n`;
}

function lineOf({ direction, others, verdict }: PacketRule): string {
  const device = direction === 'out' ? 'oifname "eth0"' : 'iifname "eth0"';
  const field = direction === 'out' ? 'daddr' : 'saddr';
  const who = others === null ? device : `${device} ip ${field} { ${others.join(', ')} }`;
  return `    ${who} ${effectOf(verdict)}\n`;
}

function effectOf(verdict: PacketRule['verdict']): string {
  if (verdict === 'drop') return 'drop';
  if (verdict === 'reset') return 'meta l4proto tcp reject with tcp reset';
  return `numgen random mod 100 < ${verdict.dropPercent} drop`;
}
