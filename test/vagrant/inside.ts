/** What `main.ts` runs beside a libvirt of its own: makes the cluster, tells the story, destroys the cluster, says what came of it. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installation } from '../../framework/installation.js';
import { conclude } from '../given-master.js';
import { runMocha } from '../mocha.js';
import { description } from './cluster.js';

const folder = join(installation.root, 'vagrant');
const state = join(installation.root, 'build/vagrant/test-state');
const environment = {
  ...process.env,
  GAIA_CLUSTER: description,
  VAGRANT_HOME: join(installation.root, 'build/vagrant/test-home'),
  VAGRANT_DOTFILE_PATH: state,
};

function vagrant(...words: string[]): boolean {
  const startMs = performance.now();
  const { status } = spawnSync('vagrant', words, {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const seconds = Math.round((performance.now() - startMs) / 1000);
  console.log(`vagrant ${words.join(' ')}: ${status === 0 ? 'done' : 'failed'} after ${seconds} s`);
  return status === 0;
}

rmSync(state, { recursive: true, force: true });
const isUp = vagrant('validate') && vagrant('up', '--provider=libvirt', '--no-tty');
const whole = fileURLToPath(new URL('whole.js', import.meta.url));
const counts = isUp ? await runMocha([whole]) : { passed: 0, failed: 1, skipped: 0, failures: [] };
const isDestroyed = vagrant('destroy', '--force');
rmSync(state, { recursive: true, force: true });
if (!isDestroyed) counts.failed += 1;
conclude(`the cluster of vagrant/${description}`, counts, 'survived', 'NOT survived');
