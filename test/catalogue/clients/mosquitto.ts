import assert from 'node:assert/strict';
import { type Client, runTool, type Values } from '../client.js';

const prefix = 'values/';
const session = ['-q', 1, '-c', '-i', 'keeper', '-t', `${prefix}#`];
/** mosquitto_sub ended because its time was over. */
const timedOut = 27;

/** The last message of each topic. */
function parse(output: string): Values {
  const lines = output.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => line.slice(prefix.length).split(' ') as [string, string]));
}

/** Retained messages, which everyone who subscribes is told; and a session whose messages are kept while its client is away. */
export const mosquitto: Client = {
  async begin(port) {
    await runTool('mosquitto_sub', ['-p', port, ...session, '-E']);
  },
  async write(port, values) {
    for (const [name, value] of values)
      await runTool('mosquitto_pub', ['-p', port, '-q', 1, '-r', '-t', prefix + name, '-m', value]);
  },
  async read(port, names) {
    const topics = names.flatMap((name) => ['-t', prefix + name]);
    const args = ['-p', port, '-q', 1, '-C', names.length, '-W', 10, '-F', '%t %p', ...topics];
    return parse(await runTool('mosquitto_sub', args));
  },
  async end(port, expected) {
    // -R: without the retained ones, which everybody gets.
    const args = ['-p', port, ...session, '-R', '-W', 2, '-F', '%t %p'];
    const output = await runTool('mosquitto_sub', args, '', { allowed: [timedOut] });
    const queued = parse(output);
    for (const [name, value] of expected) assert.equal(queued.get(name), value, `${name} in the session's queue`);
  },
};
