/** `npm run docs:api`: writes docs/api.md anew. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../../installation.js';
import { apiPage } from './page.js';

writeFileSync(join(installation.root, 'docs/api.md'), apiPage());
