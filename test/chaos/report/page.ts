/** A report as one page of HTML that needs nothing else, and leads to the files beside it. */
import type { NemesisTally } from '../tally.js';
import { type Outcome, outcomeOf } from '../verdict.js';
import { violatedPart } from './calls.js';
import { answersPerSecond, type GroupHistory, longestPauseMs, type Report, type Story } from './report.js';
import { escaped } from './text.js';

const style = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.15rem .6rem;border-bottom:1px solid #ddd}
td:first-child{white-space:nowrap;font-variant-numeric:tabular-nums}pre{white-space:pre-wrap;margin:0}
.kept{color:#176b2c}.broken,.failed,.strike{color:#a8201a}.skipped,.inconclusive{color:#777}svg{width:100%;height:7rem;background:#f6f6f6}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}td,th{border-color:#333}svg{background:#222}.kept{color:#6fce86}.broken,.failed,.strike{color:#ff8a80}}`;

const titles: Record<Outcome, string> = {
  kept: 'all promises kept',
  broken: 'NOT all promises kept',
  inconclusive: 'inconclusive, for want of processors',
};

/** @param logs names of files in `log/` */
export function pageOf(report: Report, logs: readonly string[]): string {
  const { schedule, findings, nemeses, timeline, histories, violated, stories, beginNs } = report;
  const outcome = outcomeOf(findings);
  const title = `Chaos, seed ${schedule.seed}: ${titles[outcome]}`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><style>${style}</style>
<h1 class="${outcome}">${title}</h1>
<p>${schedule.seconds} seconds, ${schedule.strikes.length} strikes. Again: <code>npm run chaos -- --schedule schedule.json</code></p>
<p>Files: ${['report.json', 'schedule.json', ...logs.map((name) => `log/${name}`)].map(link).join(' ')}</p>
<h2>Verdict</h2><table>${findings.map(findingRow).join('')}</table>
<h2>Nemeses</h2><table><tr><th>nemesis<th>family<th>scheduled<th>struck<th>met nobody, because</tr>${nemeses.map(nemesisRow).join('')}</table>
<h2>Answers in each second</h2>${histories.map((history) => chart(history, report)).join('')}
<h2>Timeline</h2><table>${timeline.map(momentRow).join('')}</table>
<h2>Histories</h2><table>${histories.map((history) => historyRow(history, beginNs)).join('')}</table>
<p>All calls are in ${link('report.json')}, those of an object that was not linearizable here:${violated.length === 0 ? ' none was' : ''}.</p>${violatedParts(report)}
<h2>What the scheduler told of the apps</h2>${stories.map(storyPart).join('')}</html>\n`;
}

const link = (path: string): string =>
  `<a href="${escaped(path.split('/').map(encodeURIComponent).join('/'))}">${escaped(path)}</a>`;

function violatedParts({ violated, histories, beginNs }: Report): string {
  const parts = violated.flatMap((one) => {
    const history = histories.find(({ group }) => group === one.group);
    return history ? [violatedPart(one, history, beginNs)] : [];
  });
  return parts.join('');
}

const findingRow = ({ check, outcome, said }: Report['findings'][number]): string =>
  `<tr class="${outcome}"><td>${outcome}</td><td>${escaped(check)}</td><td><pre>${escaped(said)}</pre></td></tr>`;

function nemesisRow({ nemesis, family, scheduled, struck, missed }: NemesisTally): string {
  const reasons = Object.entries(missed).map(([reason, count]) => `${count}: ${escaped(reason)}`);
  return `<tr class="${struck === 0 ? 'skipped' : ''}"><td>${nemesis}</td><td>${family}</td><td>${scheduled}</td><td>${struck}</td><td><pre>${reasons.join('\n')}</pre></td></tr>`;
}

const momentRow = ({ ms, kind, text }: Report['timeline'][number]): string =>
  `<tr class="${kind}"><td>${(ms / 1000).toFixed(2)} s</td><td>${kind}</td><td>${escaped(text)}</td></tr>`;

function historyRow(history: GroupHistory, beginNs: number): string {
  const { group, calls } = history;
  const unknown = calls.filter(({ outcome }) => outcome === 'unknown').length;
  return `<tr><td>${escaped(group)}</td><td>${calls.length} calls, ${unknown} without an answer, longest time without any answer ${longestPauseMs(history, beginNs)} ms</td></tr>`;
}

const storyPart = ({ app, lines }: Story): string =>
  `<h3>${escaped(app)}</h3><pre>${lines.map(escaped).join('\n')}</pre>`;

/** Bars of answers, and a line where a strike began. */
function chart(history: GroupHistory, { timeline, beginNs }: Report): string {
  const counts = answersPerSecond(history, beginNs);
  const most = Math.max(1, ...counts);
  const bars = counts.map((count, second) => {
    const height = (100 * count) / most;
    return `<rect x="${second}" y="${100 - height}" width=".8" height="${height}" fill="#5b8def"/>`;
  });
  const strikes = timeline.filter(({ kind }) => kind === 'strike');
  const lines = strikes.map(({ ms, text }) => {
    const x = ms / 1000;
    return `<path d="M${x} 0V100" stroke="#a8201a" stroke-width=".15"><title>${escaped(text)}</title></path>`;
  });
  return `<p>${escaped(history.group)}, at most ${most}</p><svg viewBox="0 0 ${Math.max(1, counts.length)} 100" preserveAspectRatio="none">${bars.join('')}${lines.join('')}</svg>`;
}
