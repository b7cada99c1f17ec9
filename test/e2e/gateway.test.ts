/** A static program, as a user replicates it: refused as it is, with the remedy; with the remedy it outlives its leader. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { LineConnection } from '../consensus/gateway/lines.js';
import { repository } from '../consensus/interpose/group.js';
import { leader, portOf, type Replica, redisSpec, System, until } from './system.js';

const app = '/demo/static';
const program = path.join(repository, 'build/native/gaia-static-server');

const spec = (id: string, replication: object) => ({
  ...redisSpec(id),
  cmd: `exec ${program}`,
  replication: { protocol: 'apus', suspicionMs: 5_000, ...replication },
});

async function ask(replica: Replica, words: string): Promise<string> {
  const client = await LineConnection.open(portOf(replica));
  try {
    return await client.ask(words);
  } finally {
    client.close();
  }
}

describe('a static program behind gateways', function () {
  this.timeout(180_000);
  let system: System;

  before(async () => {
    system = await System.start();
  });
  after(() => system?.stop());

  it('is refused without a gateway, with the remedy', async () => {
    await system.deploy(spec('/demo/refused', {}));
    const said = await until('the refusal', 60_000, async () => {
      const { stdout } = await system.gaia('app', 'show', '/demo/refused');
      return /cannot be preloaded.*/s.exec(stdout)?.[0].replace(/\s+/g, ' ');
    });
    assert.match(said, /statically linked\. Replicate it behind a gateway \("via": "gateway"/);
    await system.request('DELETE', '/v2/apps/demo/refused');
  });

  it('keeps what was acknowledged when its leader is killed, and is whole again', async () => {
    await system.deploy(spec(app, { via: 'gateway' }));
    let group = await system.whole(app);
    for (const replica of group.replicas) assert.match(await ask(replica, `PUT member${replica.member} yes`), /^OK/);
    const shown = await system.gaia('app', 'show', app);
    assert.match(shown.stdout, /gateway/);
    const killed = leader(group);
    process.kill(killed.pid, 'SIGKILL');
    const survivor = group.replicas.find((replica) => replica.member !== killed.member) as Replica;
    await until('a write on a survivor', 60_000, () => ask(survivor, 'PUT after yes'));
    group = await system.replaced(app, killed.member);
    const dump = await ask(group.replicas[0] as Replica, 'DUMP');
    assert.match(dump, /^4 /);
    for (const replica of group.replicas) {
      assert.equal(replica.label, 'gateway');
      assert.equal(replica.divergence, null);
    }
  });

  it('cannot change what stands before its program while it exists', async () => {
    const answer = await system.request('PUT', `/v2/apps${app}`, spec(app, {}));
    assert.equal(answer.status, 422);
    assert.match(JSON.stringify(answer.body), /replication\.via: .* cannot change it while it exists/);
  });
});
