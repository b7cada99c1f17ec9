import { type Client, pair, runTool } from '../client.js';

/** Options of curl before the first and after every `next`. */
const each = 'silent\nshow-error\nfail\n';

function curl(port: number, requests: [name: string, options: string][]): Promise<string> {
  const parts = requests.map(([name, options]) => `${each}url = "http://127.0.0.1:${port}/${name}"\n${options}`);
  return runTool('curl', ['--fail-early', '--max-time', 20, '-K', '-'], parts.join('next\n'));
}

/** Values under paths by PUT, in one connection. */
export const http: Client = {
  async write(port, values) {
    const requests = [...values].map(([name, value]): [string, string] => [
      name,
      `request = "PUT"\ndata = "${value}"\n`,
    ]);
    await curl(port, requests);
  },
  async read(port, names) {
    return pair(
      names,
      await curl(
        port,
        names.map((name) => [name, 'write-out = "\\n"\n']),
      ),
    );
  },
  async stir(port, seed) {
    await runTool('ab', ['-q', '-k', '-s', 5, '-c', 10, '-n', 300, `http://127.0.0.1:${port}/value-${seed % 10}`]);
  },
};
