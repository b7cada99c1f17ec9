/** What shells offer. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { buildApi } from '../../../framework/api/index.js';
import { completionOf } from '../../../framework/cli/completion/complete.js';
import { completionScript, type Shell } from '../../../framework/cli/completion/scripts.js';
import { buildProgram } from '../../../framework/cli/program.js';
import { installation } from '../../../framework/installation.js';
import { MemoryService } from '../api/memory-service.js';

describe('completion', () => {
  const program = buildProgram();
  const of = (line: string) => completionOf(program, line.split(' '));
  const wordsOf = (line: string) => of(line).candidates.map(({ word }) => word);

  it('knows commands, options and their values', () => {
    assert.ok(['app', 'context', 'status'].every((word) => wordsOf('').includes(word)));
    assert.deepEqual(wordsOf('deployment '), ['list', 'show', 'wait', 'cancel']);
    assert.ok(['--story', '--output', '--help'].every((word) => wordsOf('app show /x -').includes(word)));
    assert.deepEqual(wordsOf('app list --output '), ['table', 'wide', 'json', 'yaml', 'name']);
    assert.deepEqual(wordsOf('status -o '), ['table', 'wide', 'json', 'yaml']);
    assert.deepEqual(wordsOf('completion '), ['bash', 'zsh', 'fish']);
    assert.deepEqual(wordsOf('user add ada --role '), ['viewer', 'deployer', 'admin']);
  });

  it('knows where a name of the cluster comes, and where a file', () => {
    const names = [
      'app show ',
      'app show --story 5 ',
      'group show ',
      'deployment wait ',
      'drain a1 ',
      'context use ',
      'logs --context ',
    ];
    assert.deepEqual(
      names.map((line) => of(line).names),
      ['app', 'app', 'group', 'deployment', 'agent', 'context', 'context'],
    );
    assert.deepEqual(
      ['app add ', 'status --ca ', 'up --directory ', 'app show /x '].map((line) => of(line).directive),
      [':files', ':files', ':directories', ':nothing'],
    );
    assert.equal(of('app show /x ').names, null);
  });
});

describe('completion in real shells', function () {
  this.timeout(60_000);
  let directory: string;
  let api: FastifyInstance;
  let env: Record<string, string>;

  before(async () => {
    const service = new MemoryService();
    api = buildApi(service);
    env = { GAIA_API: await api.listen({ host: '127.0.0.1', port: 0 }) };
    for (const id of ['/demo/ledger', '/demo/list', '/web'])
      await api.inject({ method: 'POST', url: '/v2/apps', payload: { id, cmd: 'sleep 1' } });
    directory = mkdtempSync(join(tmpdir(), 'gaia-completion-'));
    symlinkSync(join(installation.root, 'dist/framework/cli/main.js'), join(directory, 'main.js'));
    writeFileSync(join(directory, 'gaia'), `#!/bin/sh\nexec ${process.execPath} ${directory}/main.js "$@"\n`, {
      mode: 0o755,
    });
  });
  after(async () => {
    await api.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function shell(name: Shell, script: string): Promise<string[]> {
    writeFileSync(join(directory, 'completion'), completionScript(name));
    const child = spawn(name, [...options[name], script], {
      cwd: directory,
      env: { ...process.env, ...env, PATH: `${directory}:${process.env.PATH}` },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
    return new Promise((resolve) => child.on('close', () => resolve(text.trimEnd().split('\n'))));
  }
  const options: Record<Shell, string[]> = { bash: ['--norc', '-c'], zsh: ['-f', '-c'], fish: ['--no-config', '-c'] };

  it('bash', async () => {
    const asks = (words: string[]) =>
      `COMP_WORDS=(gaia ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _gaia; printf '%s ' "\${COMPREPLY[@]}"; echo;`;
    const lines = [
      ['dep'],
      ['app', 'show', '/demo/l'],
      ['app', 'list', '--output', '=', 'ya'],
      ['app', 'add', 'mai'],
      ['nothing', ''],
    ];
    assert.deepEqual(await shell('bash', `source ./completion; ${lines.map(asks).join(' ')} complete -p gaia`), [
      'deployment ',
      '/demo/ledger /demo/list ',
      'yaml ',
      'main.js ',
      ' ',
      'complete -F _gaia gaia',
    ]);
  });

  it('zsh', async () => {
    // What `_describe` is given to offer; `compdef` comes with the completion system.
    const given = `compdef() { :; }; _files() { echo files; }; _describe() { print -l -- "\${(@P)2}"; };`;
    const asks = (words: string[]) =>
      `words=(gaia ${words.map((word) => `'${word}'`).join(' ')}); CURRENT=$#words; _gaia;`;
    assert.deepEqual(
      await shell(
        'zsh',
        `${given} source ./completion; ${[['dep'], ['app', 'show', '/demo/l'], ['app', 'add', '']].map(asks).join(' ')}`,
      ),
      ['deployment:changes that are being carried out', '/demo/ledger', '/demo/list', 'files'],
    );
  });

  it('fish', async () => {
    const lines = ['gaia dep', 'gaia app show /demo/l', 'gaia app list --output ya', 'gaia app add mai'];
    const asks = lines.map((line) => `complete -C '${line}';`).join(' ');
    assert.deepEqual(await shell('fish', `source ./completion; ${asks}`), [
      'deployment\tchanges that are being carried out',
      ...['/demo/ledger', '/demo/list', 'yaml', 'main.js'],
    ]);
  });
});
