import { type Client, pair, runTool } from '../client.js';

const tests = 'set,incr,lpush,rpop,sadd,hset,spop,zadd,zpopmin,lrange_100,mset';

export const redis: Client = {
  async write(port, values) {
    const lines = [...values].map(([name, value]) => `SET ${name} ${value}\n`);
    const output = await runTool('redis-cli', ['-p', port], lines.join(''));
    if (output !== 'OK\n'.repeat(values.size)) throw new Error(`redis-cli: ${output.slice(0, 500)}`);
  },
  async read(port, names) {
    return pair(names, await runTool('redis-cli', ['-p', port], names.map((name) => `GET ${name}\n`).join('')));
  },
  async stir(port) {
    await runTool('redis-benchmark', ['-p', port, '-t', tests, '-n', 200, '-r', 1000, '-P', 8, '-q']);
  },
};
