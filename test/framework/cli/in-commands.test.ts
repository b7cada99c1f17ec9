import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inCommands } from '../../../framework/cli/in-commands.js';
import { refusal } from '../../../framework/cli/refusal.js';
import { installation } from '../../../framework/installation.js';

const isOfRequests = /\b(GET|PUT|POST|PATCH|DELETE) |\/v2\/|\bforce=true/;

/** Texts of more than one word that name requests, with an id in place of what a program fills in. */
function sentencesIn(file: string): string[] {
  const code = readFileSync(join(installation.root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const literals = [...code.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)];
  return literals
    .map(([, ...texts]) =>
      (texts.find((text) => text !== undefined) as string).replaceAll(/\$\{[^}]*\}+/g, '/demo/ledger'),
    )
    .filter((text) => text.includes(' ') && isOfRequests.test(text));
}

function sources(folder: string): string[] {
  const names = readdirSync(join(installation.root, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts') && !name.startsWith('openapi')).map((name) => join(folder, name));
}

describe('what the API says', () => {
  it('names commands where it named requests', () => {
    const said: [string, string][] = [
      ['GET /v2/apps lists the apps there are.', '"gaia app list" lists the apps there are.'],
      ['GET /v2/apps/a/b/versions lists them.', '"gaia app versions /a/b" lists them.'],
      ['Wait until it is whole: GET /v2/apps/a/b/replicas.', 'Wait until it is whole: "gaia app show /a/b".'],
      ['Wait: GET /v2/apps/a/guest.', 'Wait: "gaia vm status /a".'],
      ['GET /v2/apps/a shows what it is.', '"gaia app show /a" shows what it is.'],
      ['Change it with PUT /v2/apps/a/b.', 'Change it with "gaia app add --update FILE".'],
      ['GET /v2/groups/versions lists them.', '"gaia group versions /" lists them.'],
      ['GET /v2/groups/shop/versions lists them.', '"gaia group versions /shop" lists them.'],
      ['PUT /v2/groups/shop', '"gaia group apply FILE"'],
      ['or cancel it: GET /v2/deployments.', 'or cancel it: "gaia deployment list".'],
      ["override with the option '?force=true'", 'override with --force'],
      ['allow more with movesMax.', 'allow more with --moves-max.'],
    ];
    assert.deepEqual(
      said.map(([request]) => inCommands(request).replaceAll('npx gaia', 'gaia')),
      said.map(([, command]) => command),
    );
  });

  it('has no request left in any sentence of the API and the scheduler', () => {
    const sentences = [...sources('framework/api'), ...sources('framework/scheduler')].flatMap(sentencesIn);
    assert.ok(sentences.length >= 15, `only ${sentences.length} sentences name requests: are they found?`);
    const left = sentences.filter((sentence) => isOfRequests.test(inCommands(sentence)));
    assert.deepEqual(left, []);
  });

  it('is a failure with remedies a user of commands can follow', () => {
    const locked = refusal(409, {
      message:
        "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'.",
      remedy: 'Wait for the deployments to end, or repeat with ?force=true.',
      deployments: [{ id: 'd1' }],
    });
    assert.doesNotMatch(`${locked.message} ${locked.remedy}`, isOfRequests);
    assert.match(locked.remedy, /deployment wait d1", or repeat with --force\.$/);
    const foreign = [
      refusal(404, { message: 'URI not found', remedy: 'There is nothing at /v2/x; apps are at /v2/apps.' }),
      refusal(405, { message: 'Method Not Allowed', remedy: 'PUT is not possible here; use GET, OPTIONS.' }),
    ];
    for (const { remedy } of foreign) assert.match(remedy, /^It may be of another version than this command: compare/);
  });
});
