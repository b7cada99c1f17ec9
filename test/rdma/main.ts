/**
 * `npm run test:rdma`: boots three guests with RDMA devices for each of the mocha files *.rdma.ts and runs it with them; closes
 * with one line "N passed, N failed, N skipped". Arguments narrow the files. With `--shell` it runs no test: each line "N COMMAND" of
 * standard input is run in guest N.
 */
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { repository } from '../consensus/interpose/group.js';
import { type Counts, filesIn, finish, runMocha } from '../mocha.js';
import { bootGuests, type Guests, keepGuests } from './guests.js';

const guestCount = 3;
/** The image may have to be made, and its parts to be downloaded. */
const bootLimitMs = 300_000;
const commandLimitMs = 120_000;

const rootHooks = {
  async beforeAll(this: Mocha.Context) {
    this.timeout(bootLimitMs);
    const guests = await bootGuests(guestCount);
    keepGuests(guests);
    if (guests.siwMissing !== null) console.log(`Tests of Soft-iWARP are skipped: ${guests.siwMissing}`);
  },
  async afterAll() {
    await keepGuests(null)?.stop();
  },
};

async function answer(guests: Guests, line: string): Promise<void> {
  const [, number, command] = /^(\d+)\s+(.+)$/.exec(line) ?? [];
  const guest = guests.list[Number(number) - 1];
  if (guest === undefined || command === undefined) console.log(`write "N COMMAND" with N from 1 to ${guestCount}`);
  else
    await guest.run(command, commandLimitMs).then(
      ({ output, status }) => console.log(`${output}\n[guest ${number}: exit ${status}]`),
      (error) => console.log(error.message),
    );
}

async function shell(): Promise<void> {
  const guests = await bootGuests(guestCount);
  console.log(`${guestCount} guests are up; they share ${guests.scratch}. Write "N COMMAND", or end the input.`);
  for await (const line of createInterface({ input: process.stdin })) await answer(guests, line);
  await guests.stop();
}

/** Each file with guests of its own: what one has done to devices and queue pairs must not be the next one's trouble. */
async function runEach(files: string[]): Promise<Counts[]> {
  const parts: Counts[] = [];
  for (const file of files) parts.push(await runMocha([file], { rootHooks }));
  return parts;
}

// The folder that the guests share goes with the process; the guests themselves die with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const words = process.argv.slice(2);
if (words.includes('--shell')) await shell();
else finish(...(await runEach(filesIn(path.join(repository, 'dist/test/rdma'), '.rdma.js', words))));
