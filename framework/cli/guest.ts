/** `gaia vm status`, `sync` and `failover`: a replicated guest as its members report it, and what operators may ask for. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { guestJson } from '../api/guest.js';
import { appPath, getBelow } from './api-client.js';
import { EXIT, Failure } from './failure.js';
import { inCommands } from './in-commands.js';
import type { Output } from './output.js';
import { gaia } from './program-name.js';
import type { Session } from './session.js';
import { bold, dim, green, red, yellow } from './terminal/colour.js';

type GuestJson = ReturnType<typeof guestJson>;
type RoundsJson = NonNullable<GuestJson['rounds']>;

const POLL_INTERVAL_MS = 100;

export async function guestStatus({ api, output }: Session, id: string): Promise<void> {
  const guest = await look(api, id);
  output.line(`${bold(guest.appId)}  ${standingText(guest)}`);
  if (guest.bridge !== null) output.line(dim(`  on bridge ${guest.bridge.name} of its agents as ${guest.bridge.mac}`));
  showMembers(output, guest);
  if (guest.rounds === null) output.line(dim('  no round has been reported yet'));
  else showRounds(output, guest.rounds);
  showOutput(output, guest.frames);
  showTakeover(output, guest.takeover);
  output.result({ guest });
}

const look = (api: Session['api'], id: string) => getBelow<GuestJson>(api, id, 'guest');

function standingText({ primary, backup, covered, standing, lost, members }: GuestJson): string {
  if (lost !== null) return red(`lost: ${inCommands(lost)}`);
  if (primary === null) return yellow('no primary is known');
  if (!members.some(({ member }) => member === primary))
    return red(`nobody runs it: member ${primary}, its primary, has ended`);
  const runs = `member ${primary} runs it`;
  if (covered) return green(`covered: ${runs}, member ${backup} would go on`);
  const why = standing === 'seeding' ? `member ${backup} is being seeded` : 'it has no backup that would go on';
  return yellow(`not covered: ${runs}, ${why}`);
}

function showMembers(output: Output, { members }: GuestJson): void {
  if (members.length === 0) return;
  output.line();
  const rows = members.map((one) => [
    ...[one.slot, one.member, one.role ?? '–', one.standing ?? '–', one.host, one.address, one.state].map(String),
  ]);
  output.table(['SLOT', 'MEMBER', 'ROLE', 'GUEST', 'AGENT', 'ADDRESS', 'STATE'], rows);
}

const number = (value: number) => value.toLocaleString('en');
const duration = (us: number | null) => (us === null ? '?' : `${Number((us / 1000).toPrecision(3))} ms`);

function showRounds(output: Output, rounds: RoundsJson): void {
  const { recent, triggers } = rounds;
  const causes = Object.entries(triggers).map(([trigger, count]) => `${number(count)} ${trigger}`);
  const rate = recent.perSecond === null ? '' : `, lately ${Number(recent.perSecond.toPrecision(2))} a second`;
  output.line(`  rounds of the primary: ${number(rounds.count)}${rate}; begun for: ${causes.join(', ')}`);
  output.line(
    `  pages written: ${number(rounds.dirtyPages)}; ${number(rounds.unchangedPages)} as they were, ${number(rounds.zeroPages)} zeros, ` +
      `${number(rounds.equalPages)} equal at the backup, ${number(rounds.sentPages - rounds.wholePages)} sent in pieces, ` +
      `${number(rounds.wholePages)} whole`,
  );
  output.line(
    `  bytes to the backup: ${number(rounds.toBackupBytes)}, of ${number(rounds.streamBytes)} that QEMU wrote`,
  );
  output.line(
    `  pause: p50 ${duration(rounds.pauseP50Us)}, p99 ${duration(rounds.pauseP99Us)}; ` +
      `of the last ${recent.count} rounds p50 ${duration(recent.pauseP50Us)}, p99 ${duration(recent.pauseP99Us)}`,
  );
  if (recent.last === null) return;
  const { number: last, trigger, dirtyPages, wholePages, pauseUs, sleeps } = recent.last;
  const now = sleeps ? "; the backup's guest sleeps since" : '';
  output.line(
    `  the last: round ${last} for ${trigger}, ${number(dirtyPages)} pages written, ${wholePages > 0 ? `${number(wholePages)} of them sent whole, ` : ''}${duration(pauseUs)}${now}`,
  );
}

function showOutput(output: Output, frames: GuestJson['frames']): void {
  if (frames === null) return;
  const { outputs, equalOutputs, mismatches, heldBytes, lost, unheardMs } = frames;
  output.line(
    `  output: ${number(outputs)} frames, ${number(equalOutputs)} of them said by both guests; they differed ${number(mismatches)} times; ` +
      `${number(heldBytes)} bytes wait${lost === 0 ? '' : `; ${number(lost)} frames lost`}`,
  );
  if (unheardMs > 0)
    output.line(
      yellow(`  the guest has answered no client of the primary for ${number(Math.round(unheardMs / 1000))} s`),
    );
}

function showTakeover(output: Output, takeover: GuestJson['takeover']): void {
  if (takeover === null) return;
  const { suspectedMs, electedMs, primaryMs, outputMs } = takeover;
  output.line(
    `  took over: since the former primary was heard ${number(suspectedMs)} ms until it was suspected, ${number(electedMs)} until elected, ` +
      `${number(primaryMs)} until primary, ${number(outputMs)} until the first output`,
  );
}

/** Resolves when a round that began after this has ended. */
export async function syncGuest({ api, output }: Session, id: string, { timeout }: { timeout: number }): Promise<void> {
  await look(api, id);
  const { request } = (await api.send<{ request: number }>('POST', appPath(id, 'guest', 'sync'))).body;
  const waits = { id, timeout, what: `No round of ${id} that began after the request has ended` };
  const guest = await untilGuest(api, waits, ({ synced }) => synced !== null && synced >= request);
  output.line(`${id}: a round has ended; member ${guest.backup} has all that the guest was before it.`);
  output.result({ id, request, guest });
}

/** Resolves when another member is the primary. */
export async function failOverGuest(session: Session, id: string, { timeout }: { timeout: number }): Promise<void> {
  const { api, output } = session;
  const before = await look(api, id);
  await api.send('POST', appPath(id, 'guest', 'failover'));
  const waits = { id, timeout, what: `The backup of ${id} has not become the primary` };
  const isMoved = ({ primary }: GuestJson) => primary !== null && primary !== before.primary;
  const guest = await untilGuest(api, waits, isMoved);
  output.line(`${id}: member ${guest.primary} is the primary. Member ${before.primary} ends and is replaced.`);
  output.line(yellow(`  Until its successor has been seeded no backup covers the guest: ${gaia} vm status says when.`));
  output.result({ id, guest });
}

async function untilGuest(
  api: Session['api'],
  { id, timeout, what }: { id: string; timeout: number; what: string },
  holds: (guest: GuestJson) => boolean,
): Promise<GuestJson> {
  const deadlineMs = performance.now() + timeout * 1000;
  for (;;) {
    const guest = await api.get<GuestJson>(appPath(id, 'guest'));
    if (holds(guest)) return guest;
    if (performance.now() > deadlineMs) {
      const remedy = `See how it stands with "${gaia} vm status ${id}", then ask again.`;
      throw new Failure(EXIT.timedOut, `${what} after ${timeout} s`, remedy);
    }
    await sleep(POLL_INTERVAL_MS);
  }
}
