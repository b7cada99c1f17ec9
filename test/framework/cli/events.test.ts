import assert from 'node:assert/strict';
import { buildApi } from '../../../framework/api/index.js';
import { MemoryService } from '../api/memory-service.js';
import { gaia } from './gaia.js';

describe('gaia events', () => {
  it('shows what the framework keeps, filtered, and follows what comes', async () => {
    const service = new MemoryService();
    const api = buildApi(service);
    const GAIA_API = await api.listen({ host: '127.0.0.1', port: 0 });
    const run = (...words: string[]) => gaia(['events', ...words], '', { GAIA_API });
    const ended = (appId: string) => ({ eventType: 'app_terminated_event' as const, appId, timestamp: 'now' });
    service.events.publish(ended('/first'));
    const listed = JSON.parse((await run('--type', 'app_terminated_event', '--json')).stdout);
    assert.deepEqual([listed.ok, listed.events], [true, [ended('/first')]]);
    assert.match((await run()).stdout, /event_stream_attached {2}remoteAddress=127\.0\.0\.1/);
    const words = ['events', '--follow', '--timeout', '1', '--type', 'app_terminated_event'];
    const following = gaia(words, '', { GAIA_API }, (output) => {
      const seen = output.split('\n').length;
      if (seen === 2) service.events.publish(ended('/second'));
      else if (seen === 3) void api.close();
    });
    const { code, stdout } = await following;
    const lines = ['/first', '/second'].map((appId) => `now  app_terminated_event  appId=${appId}\n`);
    assert.deepEqual([code, stdout], [3, lines.join('')]);
  });

  it('are asked of the leader, when another scheduler answers', async () => {
    const service = new MemoryService();
    const api = buildApi(service);
    service.events.publish({ eventType: 'app_terminated_event', appId: '/gone', timestamp: 'now' });
    const { host } = new URL(await api.listen({ host: '127.0.0.1', port: 0 }));
    const leadership = { leading: false, leader: host, zooKeeper: null, abdicate: () => false };
    const standby = buildApi(new MemoryService(), { leadership });
    const GAIA_API = await standby.listen({ host: '127.0.0.1', port: 0 });
    const { code, stdout } = await gaia(['events', '--json'], '', { GAIA_API });
    await Promise.all([api.close(), standby.close()]);
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).events[0].appId, '/gone');
  });
});
