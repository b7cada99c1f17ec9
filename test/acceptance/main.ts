/**
 * `npm run acceptance -- [--master URL]`: the framework on a Mesos cluster of at least four idle agents on this host, two of them in another zone
 * than the others; without --master on an embedded one. Deploys, kills, scales, upgrades, drains, deletes. Closes with the verdict: exit status
 * 0 if all went well, 1 if not, 2 if it could not be tried.
 */
import { fileURLToPath } from 'node:url';
import { conclude, givenMaster, refuse } from '../given-master.js';
import { runMocha } from '../mocha.js';

const command = 'acceptance';
const { what, words } = await givenMaster({ command, agentsMin: 4 });
if (words.length > 0) refuse(command, `${words.join(' ')}: the suite is one story, of which no part can be left out.`);
const counts = await runMocha([fileURLToPath(new URL('whole.js', import.meta.url))]);
conclude(what, counts, 'accepted', 'NOT accepted');
