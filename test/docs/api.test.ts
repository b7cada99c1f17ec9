/** docs/api.md is what the framework serves. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../../framework/api/openapi/document.js';
import { apiPage } from '../../framework/api/openapi/page.js';
import { installation } from '../../framework/installation.js';

describe('docs/api.md', () => {
  const page = readFileSync(join(installation.root, 'docs/api.md'), 'utf8');

  it('is as `npm run docs:api` writes it', () => {
    assert.equal(page, apiPage(), 'run "npm run docs:api"');
  });

  it('has every operation of the OpenAPI document', () => {
    const rows = [...page.matchAll(/^\| `([A-Z]+ \S+)`<br>/gm)].map(([, name]) => name);
    const operations = Object.entries(openApiDocument().paths).flatMap(([path, ofPath]) =>
      Object.keys(ofPath)
        .filter((method) => method !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(rows.sort(), operations.sort());
  });
});
