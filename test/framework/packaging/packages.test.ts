/** What packages say of themselves. That they install and run is for `npm run test:packages`. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../../../framework/installation.js';
import { optionTexts, readOptions } from '../../../framework/options.js';
import {
  controlText,
  copyrightText,
  debianChangelog,
  debianVersion,
  fileName,
} from '../../../framework/packaging/control.js';
import { frameworkConf } from '../../../framework/packaging/framework-conf.js';

const { root, version } = installation;
const read = (...names: string[]) => readFileSync(join(root, ...names), 'utf8');
const packaged = JSON.parse(read('package.json'));
const units = join(root, 'framework/packaging/root/lib/systemd/system');

/** Sets what the lines that are no comments say, for as long as `use` takes. */
function withSettings<T>(lines: string[], use: () => T): T {
  const before = { ...process.env };
  try {
    for (const line of lines) process.env[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1);
    return use();
  } finally {
    process.env = before;
  }
}

describe('packages', () => {
  it('have the version of package.json, with which the changelog begins', () => {
    assert.equal(version, packaged.version);
    assert.equal(/^## (\S+)/m.exec(read('CHANGELOG.md'))?.[1], version);
    assert.equal(fileName({ version: '1.2.3', architecture: 'amd64' }), 'gaia_1.2.3-1_amd64.deb');
    assert.equal(debianVersion('1.2.3-rc.1'), '1.2.3~rc.1-1', 'before 1.2.3, as dpkg compares');
  });

  it('have all npm packages with them, and every program that they name', () => {
    assert.equal(packaged.bundleDependencies, true);
    for (const file of Object.values(packaged.bin) as string[]) {
      assert.match(read(file), /^#!\/usr\/bin\/env node\n/, file);
      assert.ok(
        packaged.files.some((part: string) => file.startsWith(`${part}/`)),
        file,
      );
    }
  });

  it('for Debian ask for the Node of "engines" and for the libraries that were found', () => {
    const facts = { version: '1.2.3', architecture: 'amd64', maintainer: 'N <n@x>', installedKib: 7 };
    const libraries = { depends: 'libc6 (>= 2.36)', recommends: 'libibverbs1' };
    const text = controlText({ ...facts, description: packaged.description, libraries });
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1];
    const [, node] = /^>=(\S+)$/.exec(packaged.engines.node) ?? [];
    assert.equal(field('Depends'), `libc6 (>= 2.36), nodejs (>= ${node}), adduser`);
    assert.equal(field('Recommends'), 'libibverbs1, ibverbs-providers');
    assert.equal(field('Description'), 'keeps ordinary server programs alive through machine failures');
    assert.ok(text.split('\n').every((line) => line.length <= 120) && text.endsWith('\n'));
  });

  it('for Debian have changelog and copyright in the forms that its tools read', () => {
    const log = debianChangelog('1.2.3', 'N <n@x>', 86_400);
    assert.match(
      log,
      /^gaia \(1\.2\.3-1\) stable; urgency=medium\n\n {2}\* .*\n\n -- N <n@x> {2}Fri, 02 Jan 1970 00:00:00 \+0000\n$/,
    );
    const copyright = copyrightText([{ name: '@a/b', license: 'MIT', holder: 'Copyright (c) 2020 C' }]);
    assert.match(
      copyright,
      /\n\nFiles: usr\/lib\/gaia\/node_modules\/@a\/b\/\*\nCopyright: Copyright \(c\) 2020 C\nLicense: MIT\n/,
    );
  });
});

describe('settings of the framework as a service', () => {
  const text = frameworkConf(optionTexts());
  const lines = text.split('\n').filter((line) => line !== '');
  const set = lines.filter((line) => !line.startsWith('#'));

  it('start it as they are, and keep the state where the unit lets it', () => {
    const options = withSettings(set, () => readOptions([]));
    assert.deepEqual(options.master, ['127.0.0.1:5050']);
    assert.match(
      read('framework/packaging/root/lib/systemd/system/gaia-framework.service'),
      /^StateDirectory=gaia\/framework$/m,
    );
    assert.equal(options.store, '/var/lib/gaia/framework');
  });

  it('leave no secrets in core dumps', () => {
    assert.match(read('framework/packaging/root/lib/systemd/system/gaia-framework.service'), /^LimitCORE=0$/m);
  });

  it('name every option once, with its words, and nothing of the machine that built the package', () => {
    const variables = lines.flatMap((line) => /^#?(GAIA_\w+)=/.exec(line)?.[1] ?? []);
    const known = optionTexts().map(({ variable }) => variable);
    assert.deepEqual(
      variables,
      known.filter((name) => name !== 'GAIA_READY_FD'),
    );
    for (const { text: words } of optionTexts().slice(0, -1)) assert.ok(text.includes(words), words);
    assert.equal(text.includes(root), false);
    assert.equal(text.includes(process.execPath), false);
  });

  it('are each the file of a unit that starts a program of the package', () => {
    for (const name of readdirSync(units)) {
      const unit = readFileSync(join(units, name), 'utf8');
      const [, settings] = /^EnvironmentFile=\/etc\/gaia\/(\S+)$/m.exec(unit) ?? [];
      const [, program] = /^ExecStart=\/usr\/bin\/(\S+)/m.exec(unit) ?? [];
      assert.ok(Object.hasOwn(packaged.bin, program ?? ''), `${name} starts ${program}`);
      assert.ok(settings === 'framework.conf' || existsSync(join(units, '../../../etc/gaia', settings ?? '')), name);
      for (const script of ['postinst', 'prerm'])
        assert.ok(read('framework/packaging/scripts', script).includes(name), `${script}: ${name}`);
      const [, page] = /^Documentation=file:\/\/\/usr\/share\/doc\/gaia\/(\S+)$/m.exec(unit) ?? [];
      assert.ok(page !== undefined && existsSync(join(root, page)), `${name}: ${page}`);
    }
  });
});

describe('the container of the framework', () => {
  /** Each with its continued lines. */
  const instructions = read('framework/packaging/Containerfile')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const all = (name: string) =>
    instructions.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));

  it('is made of instructions that there are, on a base that may be chosen', () => {
    const known = /^(ARG|FROM|COPY|RUN|USER|ENV|VOLUME|EXPOSE|ENTRYPOINT) \S/;
    assert.deepEqual(
      instructions.filter((line) => !known.test(line)),
      [],
    );
    assert.match(instructions[0] as string, /^ARG BASE=/);
    assert.match(all('FROM').join(), /^\$\{BASE\}$/);
  });

  it('has the package as it is called, and starts its framework as its user, on its own state', () => {
    const [pattern] = all('COPY').map((line) => line.split(' ')[0]);
    assert.equal(pattern, 'gaia_*.deb');
    assert.match(fileName({ version, architecture: 'amd64' }), /^gaia_.*\.deb$/);
    assert.deepEqual(all('USER'), ['gaia']);
    const [program] = JSON.parse(all('ENTRYPOINT')[0] as string) as string[];
    assert.ok(Object.hasOwn(packaged.bin, (program as string).replace('/usr/bin/', '')));
    const options = withSettings([...all('ENV'), 'GAIA_MASTER=m:5050'], () => readOptions([]));
    assert.deepEqual(all('VOLUME'), [options.store]);
    assert.deepEqual(all('EXPOSE'), [String(options.listen.port)]);
  });
});
