import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownLabels } from '../../../framework/api/known-labels.js';
import { installation } from '../../../framework/installation.js';

const source = (name: string) => readFileSync(join(installation.root, name), 'utf8');

describe('api: labels with known values', () => {
  it('know every cause for which the core refuses a connection', () => {
    const [, names = ''] = /refusalNames = \{([^}]*)\}/.exec(source('consensus/native/transport/refusals.h')) ?? [];
    const causes = [...names.matchAll(/"(\w+)"/g)].map(([, name]) => name as string);
    assert.ok(causes.length > 5);
    assert.deepEqual([...knownLabels.cause].sort(), causes.sort());
  });

  it('know every trigger of a round that the executor documents', () => {
    const [, line = ''] = /What it was begun for: (.*)\. \*\//.exec(source('executor/assignment.ts')) ?? [];
    const triggers = [...line.matchAll(/`(\w+)`/g)].map(([, name]) => name as string);
    assert.ok(triggers.length > 5);
    assert.deepEqual([...knownLabels.trigger].sort(), triggers.sort());
  });
});
