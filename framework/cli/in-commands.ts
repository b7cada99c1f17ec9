/** What the API says in requests, said in commands. Pure. */
import { gaia } from './program-name.js';

const id = String.raw`(/[^\s.,;:?]+?)`;
const command = (words: string) => `"${gaia} ${words}"`;

/** The first that fits what stands at a place counts. */
const sayings: [RegExp, string][] = [
  [RegExp(`GET /v2/apps${id}/versions\\b`, 'g'), command('app versions $1')],
  [RegExp(`GET /v2/apps${id}/guest\\b`, 'g'), command('vm status $1')],
  [RegExp(`GET /v2/apps${id}(/(replicas|tasks))?(?![^\\s.,;:?])`, 'g'), command('app show $1')],
  [/GET \/v2\/apps\b/g, command('app list')],
  [RegExp(`PUT /v2/apps${id}(?![^\\s.,;:?])`, 'g'), command('app add --update FILE')],
  [/POST \/v2\/apps\b/g, command('app add FILE')],
  [/GET \/v2\/groups\/versions\b/g, command('group versions /')],
  [RegExp(`GET /v2/groups${id}/versions\\b`, 'g'), command('group versions $1')],
  [/GET \/v2\/groups\b/g, command('group list')],
  [/PUT \/v2\/groups[^\s.,;:?]*/g, command('group apply FILE')],
  [/GET \/v2\/deployments\b/g, command('deployment list')],
  [/apps are at \/v2\/apps\b/g, `${command('app list')} shows the apps`],
  [/ ?View details at '\/v2\/deployments\/<DEPLOYMENT_ID>'\./g, ''],
  [/\bUse PUT to change this group\b/g, 'It can be changed'],
  [/the option '\?force=true'|the force=true parameter|\?force=true|\bforce=true/g, '--force'],
  [/\bmovesMax\b/g, '--moves-max'],
  [/\bgainMin\b/g, '--gain-min'],
  [/\bmax-running-deployments parameter/g, 'max-running-deployments of the framework'],
  [
    /^Send name and password, or a token\.$/,
    'Write them into a file of your own, mode 0600, and name it with --credentials FILE.',
  ],
  [/^Correct it\.$/, 'Correct the file of --credentials, GAIA_CREDENTIALS or the context.'],
  [/^Repeat the request\b/, 'Repeat the command'],
];

export const inCommands = (sentence: string): string =>
  sayings.reduce((said, [request, words]) => said.replace(request, words), sentence);
