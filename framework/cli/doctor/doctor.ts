import { hostFacts } from '../../host-facts/facts.js';
import { EXIT, Failure } from '../failure.js';
import type { Output } from '../output.js';
import { clockAgainst } from './clock.js';
import { type Finding, findingsOf } from './findings.js';
import { findingColumns, findingRow } from './table.js';

export interface DoctorOptions {
  directory: string;
  /** With whose clock this one is compared. */
  api: { url: string; authority: Buffer | undefined } | null;
}

/** `gaia doctor`: is this machine fit for what GAIA does. */
export async function doctor(output: Output, { directory, api }: DoctorOptions): Promise<void> {
  const clock = api === null ? null : await clockOf(api.url, api.authority);
  const findings = findingsOf(hostFacts(directory), clock);
  output.table(findingColumns, findings.map(findingRow));
  const problems = findings.filter(({ level }) => level === 'problem');
  if (problems.length > 0) throw unfit(problems, findings);
  output.result({ findings });
}

async function clockOf(url: string, authority: Buffer | undefined) {
  try {
    return await clockAgainst(url, authority);
  } catch (error) {
    const message = `The API at ${url} does not answer: ${(error as Error).message}`;
    throw new Failure(EXIT.unreachable, message, 'Correct --api, or leave it out: the clock is not compared then.');
  }
}

function unfit(problems: Finding[], findings: Finding[]): Failure {
  const checks = problems.map(({ check }) => check).join(', ');
  return new Failure(EXIT.failed, `This machine has problems: ${checks}`, 'Do what the table says.', { findings });
}
