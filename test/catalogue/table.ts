/** The table of README.md: what the files of the catalogue say, beside what the bench has measured. */
import type { ProgramFigures } from '../bench/servers/main.js';
import type { Entry } from './entry.js';

export const begin = '<!-- the catalogue -->';
export const end = '<!-- end of the catalogue -->';

export interface Measured {
  meanLeaderCpuOverheadPercent: number;
  programs: Record<string, ProgramFigures>;
}

const unmeasured = 'not measured';
const thousands = (value: number) => Math.round(value).toLocaleString('en-US');
const toMs = (us: number) => (us / 1000).toPrecision(2);
const percent = (value: number) => `${value > 0 ? '+' : ''}${value} %`;

function figuresOf(figures: ProgramFigures | undefined): string[] {
  if (figures === undefined) return Array(figuresHead.length).fill(unmeasured);
  const { replicated, unreplicated, throughputRatio, leaderCpuOverheadPercent } = figures;
  return [
    `${thousands(replicated.requestsPerSecond)} (${throughputRatio})`,
    `${toMs(replicated.p50Us)} (${toMs(unreplicated.p50Us)})`,
    `${toMs(replicated.p99Us)} (${toMs(unreplicated.p99Us)})`,
    percent(leaderCpuOverheadPercent),
  ];
}

const figuresHead = ['requests/s', 'p50, ms', 'p99, ms', 'processor time'];

export function table(entries: Entry[], measured: Measured | null): string {
  const head = ['program', 'tested', 'label', ...(measured ? figuresHead : []), 'limits'];
  const rows = entries.map(({ name, labels }) => [
    `[${name}](executor/catalogue/${name}.yaml)`,
    labels.tested,
    labels.equality,
    ...(measured ? figuresOf(measured.programs[name]) : []),
    labels.limits ?? '',
  ]);
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${lines.join('\n')}\n${measured === null ? '' : legend(measured)}`;
}

const legend = ({ meanLeaderCpuOverheadPercent: mean }: Measured) => `
In parentheses: the program without GAIA, of requests/s their ratio. The clients have the followers' processor while they ask, as if these ran on other machines.
Processor time is that of the leader's process per request, above the program's without GAIA; over the exact programs ${percent(mean)} on average.
`;

/** The page with this table in the place of the one it has. */
export function withTable(page: string, text: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from)
    throw new Error(`README.md lacks "${begin}" and "${end}"; put them where the table belongs`);
  return `${page.slice(0, from + begin.length)}\n${text}${page.slice(to)}`;
}
