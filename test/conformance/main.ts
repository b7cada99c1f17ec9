/**
 * `npm run conformance -- [--master URL [--credential FILE]] [WORDS]`: the conformance suite against a master with at least two idle agents on this host; without
 * --master against the embedded one. Words narrow the files. Closes with the verdict: exit status 0 if nothing failed, 1 if something did, 2 if it could not be tried.
 */
import { fileURLToPath } from 'node:url';
import { conclude, givenMaster, refuse } from '../given-master.js';
import { filesIn, runMocha } from '../mocha.js';

const command = 'conformance';
const { what, words } = await givenMaster({ command, agentsMin: 2, takesCredential: true });
const folder = fileURLToPath(new URL('.', import.meta.url));
const files = filesIn(folder, '.test.js', words);
if (files.length === 0) refuse(command, `no file of the suite has ${words.join(' or ')} in its name.`);
const counts = await runMocha(files);
conclude(what, counts, 'conforms', 'does NOT conform');
