/** Rounds under load, and the memories of both guests compared after each. */
import { smallGuest } from '../hosted.js';
import { type Load, LoadClients, loadIsUp, prepareLoadedImage } from '../loads.js';
import { VerifiedPair } from '../verified-pair.js';

export interface IdentityOptions {
  load: Load;
  count: number;
  memoryMib: number;
  vcpus: number;
  /** It ends earlier than with `count` rounds then. */
  endMs: number;
}

export interface Identity {
  service: string;
  memoryMib: number;
  vcpus: number;
  rounds: number;
  /** Rounds after which the memories were compared, and of these such with different pages. */
  compared: number;
  different: number;
  /** Answers that clients have checked. */
  answers: number;
  dirtyPages: number;
  /** The backup's guest had them by itself. */
  equalPages: number;
  sentPages: number;
  /** Of those. */
  wholePages: number;
  /** Times that pages crossed whole, and in the round before none. */
  turnsToWhole: number;
  triggers: Record<string, number>;
}

const clients = 4;

export async function runIdentity({ load, count, memoryMib, vcpus, endMs }: IdentityOptions): Promise<Identity> {
  const { commandLine } = smallGuest;
  const guest = { image: prepareLoadedImage(load), guestPort: load.guestPort, commandLine, memoryMib, vcpus };
  const pair = await VerifiedPair.start(guest, (port) => loadIsUp(load, port));
  try {
    const running = new LoadClients(load, pair.port, clients);
    while (pair.rounds.length < count && performance.now() < endMs) await pair.more(1);
    const last = pair.rounds.length;
    await running.stop();
    await pair.compared(last);
    return { service: load.name, memoryMib, vcpus, answers: running.turns, ...judge(pair, last) };
  } finally {
    await pair.stop();
  }
}

function judge(pair: VerifiedPair, last: number): Omit<Identity, 'service' | 'memoryMib' | 'vcpus' | 'answers'> {
  const rounds = pair.rounds.slice(0, last);
  const differences = pair.differences();
  const sum = (what: 'dirtyPages' | 'equalPages' | 'sentPages' | 'wholePages') =>
    rounds.reduce((total, one) => total + one[what], 0);
  const triggers: Record<string, number> = {};
  for (const { trigger } of rounds) triggers[trigger] = (triggers[trigger] ?? 0) + 1;
  const turnsToWhole = rounds.filter((one, i) => one.wholePages > 0 && rounds[i - 1]?.wholePages === 0).length;
  return {
    ...{ wholePages: sum('wholePages'), turnsToWhole },
    ...{ rounds: last, compared: differences.length, different: differences.filter((pages) => pages !== 0).length },
    ...{ dirtyPages: sum('dirtyPages'), equalPages: sum('equalPages'), sentPages: sum('sentPages'), triggers },
  };
}

/** What of the bars it misses: each round is compared, and no page differs. */
export function missedBy({ rounds, compared, different, answers }: Identity, count: number): string[] {
  const bars: [met: boolean, missed: string][] = [
    [rounds >= count, `${rounds} rounds of ${count}`],
    [compared >= rounds, `only ${compared} of ${rounds} rounds were compared`],
    [different === 0, `memories differed after ${different} rounds`],
    [answers > 0, 'nobody was answered'],
  ];
  return bars.filter(([met]) => !met).map(([, missed]) => missed);
}

export function describeIdentity(told: Identity, missed: string[]): string {
  const { service, rounds, compared, different, triggers } = told;
  const lines = [
    `${service}: ${rounds} rounds, memories compared after ${compared}, different after ${different}`,
    `  ${told.memoryMib} MiB, ${told.vcpus} processors; ${told.answers} answers; rounds by trigger ${JSON.stringify(triggers)}`,
    `  of ${told.dirtyPages} dirty pages ${told.equalPages} were equal by themselves, ${told.sentPages} sent, ${told.wholePages} of them whole; whole pages began ${told.turnsToWhole} times`,
    ...missed.map((one) => `missed: ${one}`),
  ];
  return `${lines.join('\n')}\n`;
}
