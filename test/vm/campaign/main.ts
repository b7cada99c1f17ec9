/**
 * `npm run campaign -- failover|identity`: long tests of replicated guests. Each ends with its figures, as JSON with --json, and with
 * status 1 when a bar is missed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { guestSuspicionMsDefault } from '../../../framework/app.js';
import { prepareGuestImage } from '../../../framework/guest/image.js';
import {
  bridgedGuestAddress,
  bridgedGuestWords,
  enterNamespaces,
  makeSwitch,
  NamespaceHost,
} from '../../namespaces.js';
import { wholeNumber } from '../../whole-number.js';
import { redisPort, smallGuest } from '../hosted.js';
import { type Load, loads } from '../loads.js';
import { FailOverCampaign } from './failover.js';
import { describeIdentity, missedBy, runIdentity } from './identity.js';
import { describeSummary, type Fault, faults, summarize } from './summary.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    count: { type: 'string' },
    minutes: { type: 'string', default: '30' },
    memory: { type: 'string' },
    vcpus: { type: 'string' },
    suspicion: { type: 'string', default: String(guestSuspicionMsDefault) },
    hold: { type: 'string' },
    faults: { type: 'string', default: faults.join() },
    bridge: { type: 'boolean', default: false },
    load: { type: 'string', default: Object.keys(loads).join() },
    json: { type: 'boolean', default: false },
  },
});

const bounds = {
  seed: [0, 2 ** 32 - 1],
  count: [1, 1_000_000],
  minutes: [1, 10_080],
  hold: [1, 10_080],
  memory: [1, 2 ** 20],
  vcpus: [1, 64],
  suspicion: [1, 600_000],
} as const;

function number(name: keyof typeof bounds, otherwise = 0): number {
  const given = values[name];
  if (given === undefined) return otherwise;
  return wholeNumber(name, given, bounds[name], (problem) => {
    throw new Error(problem);
  });
}

function chosenFaults(): Fault[] {
  const unknown = values.faults.split(',').find((name) => !faults.some((fault) => fault === name));
  if (unknown === undefined) return faults.filter((fault) => values.faults.split(',').includes(fault));
  throw new Error(`--faults names "${unknown}"; there are ${faults.join(', ')}`);
}

const say = (line: string) => process.stderr.write(`${line}\n`);
const tell = (figures: object, text: string) =>
  process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : text);
const slots = [0, 1, 2];
const clientsOfHost = 2;
const bridgeName = 'br0';
const guestOnBridge = {
  bridge: { name: bridgeName, mac: '02:67:61:69:61:01' },
  commandLine: `${smallGuest.commandLine} ${bridgedGuestWords}`,
};

async function failOvers(): Promise<boolean> {
  const image = prepareGuestImage(); // may need the network that is left now
  const status = enterNamespaces();
  if (status !== null) process.exit(status);
  makeSwitch();
  const directory = mkdtempSync(path.join(tmpdir(), 'gaia-campaign-'));
  const seed = number('seed');
  say(`seed ${seed}`);
  try {
    const campaign = new FailOverCampaign(
      slots.map((slot) => new NamespaceHost(slot, values.bridge ? bridgeName : null)),
      {
        ...{ seed, count: number('count', 50), clients: clientsOfHost, directory, say },
        faults: chosenFaults(),
        onBridge: values.bridge ? { host: bridgedGuestAddress, port: redisPort } : null,
        endMs: performance.now() + 60_000 * number('minutes'),
        holdMs: values.hold === undefined ? 0 : 60_000 * number('hold'),
        guest: {
          ...{ ...smallGuest, image, transport: 'tcp', suspicionMs: number('suspicion') },
          ...{ memoryMib: number('memory', 128), vcpus: number('vcpus', 1) },
          ...(values.bridge ? guestOnBridge : {}),
        },
      },
    );
    const summary = summarize(await campaign.run());
    tell(summary, describeSummary(summary));
    return summary.missed.length === 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function loadNamed(name: string): Load {
  const load = loads[name];
  if (load !== undefined) return load;
  throw new Error(`--load names "${name}"; there are ${Object.keys(loads).join(', ')}`);
}

/** One load after the other. */
async function identities(): Promise<boolean> {
  const count = number('count', 500);
  const endMs = performance.now() + 60_000 * number('minutes');
  const missed: string[] = [];
  for (const load of values.load.split(',').map(loadNamed)) {
    const guest = { memoryMib: number('memory', load.memoryMib), vcpus: number('vcpus', 2) };
    const told = await runIdentity({ load, count, ...guest, endMs });
    const missing = missedBy(told, count);
    tell({ ...told, missed: missing }, describeIdentity(told, missing));
    missed.push(...missing);
  }
  return missed.length === 0;
}

const campaigns: Record<string, () => Promise<boolean>> = { failover: failOvers, identity: identities };
const campaign = campaigns[positionals.join(' ')];
if (campaign === undefined)
  throw new Error(`"${positionals.join(' ')}" is no campaign; there are ${Object.keys(campaigns).join(' and ')}`);
process.exit((await campaign()) ? 0 : 1);
