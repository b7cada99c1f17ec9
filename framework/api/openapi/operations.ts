/** Every path of the API and what can be done there. A test holds them against the real routes and their answers. */
import type { AppPath } from '../app-path.js';
import type { Method } from '../resource.js';
import { flag, type Schema, text, whole } from './types.js';

export interface Operation {
  summary: string;
  query?: (keyof typeof queryParameters)[];
  /** Name of a schema. */
  body?: string;
  /** By status: the name of a schema, a media type that is not JSON, or null for an empty body. All others have `Error`. */
  answers: Record<number, string | null>;
}

export type Path = Partial<Record<Method, Operation>>;

export const queryParameters = {
  force: { schema: flag, description: 'also when a deployment holds the app, which then ends where it is' },
  partialUpdate: { schema: flag, description: 'false: fields that are left out get their defaults' },
  strict: { schema: flag, description: 'unknown fields are refused' },
  dryRun: { schema: flag, description: 'gives the steps and changes nothing' },
  deadlineSeconds: { schema: whole, description: 'the deployment fails when it takes longer' },
  rollBack: { schema: flag, description: 'the deployment is taken back when it fails by its deadline' },
  embed: { schema: text, description: 'parts to show, such as apps.tasks, app.taskStats, group.groups; repeated' },
  cmd: { schema: text, description: 'part of the command' },
  id: { schema: text, description: 'part of the id' },
  label: { schema: text, description: 'label selector, such as tier==front,zone in (a,b)' },
  status: { schema: text, description: 'running or staging' },
  host: { schema: text, description: 'only tasks on this host' },
  scale: { schema: flag, description: 'the app gets smaller by these tasks' },
  wipe: { schema: flag, description: 'volumes of the tasks are destroyed' },
  agent: { schema: text, description: 'agents by name or id; repeated' },
  zone: { schema: text, description: 'agents of this zone; so for rack and other attributes' },
  movesMax: { schema: whole, description: 'how many moves at most' },
  gainMin: { schema: text, description: 'moves that gain less are left out' },
  event_type: { schema: text, description: 'only events of this type; repeated' },
  after: {
    schema: text,
    description:
      'of events as Last-Event-ID: resumes after this one, oldest: all that are kept; of series milliseconds since 1970',
  },
  follow: { schema: flag, description: 'false: ends with what there is' },
  file: { schema: text, description: 'stdout, which of a guest is its console, or stderr' },
  offset: { schema: whole, description: 'in bytes: `next` of the answer before' },
  length: { schema: whole, description: 'in bytes, at most 262144; 65536 when left out' },
} satisfies Record<string, { schema: Schema; description: string }>;

const limits: (keyof typeof queryParameters)[] = ['force', 'dryRun', 'deadlineSeconds', 'rollBack'];
const changing: Operation['query'] = ['strict', ...limits];
const killing: Operation['query'] = ['scale', 'wipe', 'force'];
const get = (summary: string, schema: string, query: Operation['query'] = []): Operation => ({
  summary,
  query,
  answers: { 200: schema },
});

const updatesOfApps = (summary: string): Operation => ({
  summary,
  query: [...changing, 'partialUpdate'],
  body: 'AppUpdates',
  answers: { 200: 'Change' },
});

const oneApp: Path = {
  GET: get('one app with tasks, story and what it waits for', 'AppAnswer', ['embed']),
  PUT: {
    summary: 'changes an app, or creates it (201)',
    query: [...changing, 'partialUpdate'],
    body: 'AppUpdate',
    answers: { 200: 'Change', 201: 'DeploymentResult' },
  },
  PATCH: { summary: 'changes an app', query: changing, body: 'AppUpdate', answers: { 200: 'Change' } },
  DELETE: { summary: 'stops an app and forgets it', query: limits, answers: { 200: 'Change' } },
};

/** By what `app-path.ts` makes of a path: none can be left out. */
const appPaths: Record<AppPath['kind'], [path: string, operations: Path]> = {
  app: ['/v2/apps/{appId}', oneApp],
  group: ['/v2/apps/{groupId}/*', { GET: get('apps below a path', 'AppsBelow', ['embed']) }],
  restart: [
    '/v2/apps/{appId}/restart',
    {
      POST: {
        summary: 'replaces all tasks, a few at a time',
        query: limits,
        answers: { 200: 'Change' },
      },
    },
  ],
  tasks: [
    '/v2/apps/{appId}/tasks',
    {
      GET: get('tasks of an app; with Accept: text/plain where its ports are', 'Tasks'),
      DELETE: { summary: 'kills tasks', query: ['host', ...killing], answers: { 200: 'Tasks' } },
    },
  ],
  task: [
    '/v2/apps/{appId}/tasks/{taskId}',
    {
      GET: get('one task', 'TaskAnswer'),
      DELETE: { summary: 'kills a task', query: killing, answers: { 200: 'TaskAnswer' } },
    },
  ],
  log: [
    '/v2/apps/{appId}/tasks/{taskId}/log',
    {
      GET: get('what a task has written: the end of it, or from an offset on', 'TaskLog', ['file', 'offset', 'length']),
    },
  ],
  versions: ['/v2/apps/{appId}/versions', { GET: get('versions that are kept', 'Versions') }],
  version: ['/v2/apps/{appId}/versions/{version}', { GET: get('an app as it was', 'AppVersion') }],
  placement: ['/v2/apps/{appId}/placement', { GET: get('why each task is where it is', 'Placement') }],
  replicas: ['/v2/apps/{appId}/replicas', { GET: get('replicas as last reported', 'Replicas') }],
  series: [
    '/v2/apps/{appId}/series',
    {
      GET: get('what replicas have counted, in steps of five seconds, of the last quarter of an hour', 'Series', [
        'after',
      ]),
    },
  ],
  timeline: [
    '/v2/apps/{appId}/timeline',
    { GET: get('what happened to an app, each line with what it is about', 'Timeline') },
  ],
  leader: [
    '/v2/apps/{appId}/leader',
    { POST: { summary: 'has another replica lead', body: 'LeaderWish', answers: { 202: 'LeaderOrder' } } },
  ],
  guest: ['/v2/apps/{appId}/guest', { GET: get('who runs a replicated guest', 'Guest') }],
  guestSync: [
    '/v2/apps/{appId}/guest/sync',
    { POST: { summary: 'makes the backup of a guest equal now', answers: { 202: 'GuestOrder' } } },
  ],
  guestFailover: [
    '/v2/apps/{appId}/guest/failover',
    { POST: { summary: 'has the backup of a guest go on', answers: { 202: 'GuestOrder' } } },
  ],
};

const oneGroup = (of: string): Path => ({
  GET: get(`${of} with apps and groups`, 'Group', ['embed']),
  POST: {
    summary: `creates ${of}`,
    query: changing,
    body: 'GroupUpdate',
    answers: { 200: 'DeploymentSteps', 201: 'DeploymentResult' },
  },
  PUT: {
    summary: `changes ${of}: lists that are given replace those there are; scaleBy scales, version goes back`,
    query: changing,
    body: 'GroupUpdate',
    answers: { 200: 'Change' },
  },
  DELETE: { summary: `stops all apps of ${of}`, query: limits, answers: { 200: 'Change' } },
});

const patchGroup: Operation = { summary: 'takes enforceRole false', body: 'GroupUpdate', answers: { 200: null } };

const groupPaths: Record<string, Path> = {
  '/v2/groups': oneGroup('the root group'),
  '/v2/groups/apps': { GET: get('all apps', 'AppsOfGroup', ['embed']) },
  '/v2/groups/versions': { GET: get('versions of the root group', 'GroupVersions') },
  '/v2/groups/versions/{version}': { GET: get('the root group as it was', 'Group', ['embed']) },
  '/v2/groups/{groupId}': { ...oneGroup('a group'), PATCH: patchGroup },
  '/v2/groups/{groupId}/apps': { GET: get('apps of a group', 'AppsOfGroup', ['embed']) },
  '/v2/groups/{groupId}/versions': { GET: get('versions of a group', 'GroupVersions') },
  '/v2/groups/{groupId}/versions/{version}': { GET: get('a group as it was', 'Group', ['embed']) },
};

const noPods: Operation = { summary: 'there are no pods in this version', answers: { 501: 'Error' } };
const noPod: Operation = { summary: 'there are no pods in this version', answers: { 404: 'Error' } };

const otherPaths: Record<string, Path> = {
  '/v2/apps': {
    GET: get('all apps', 'Apps', ['cmd', 'id', 'label', 'embed']),
    POST: {
      summary: 'creates an app',
      query: changing,
      body: 'App',
      answers: { 200: 'DeploymentSteps', 201: 'AppInfo' },
    },
    PUT: updatesOfApps('changes or creates several apps as one deployment'),
    PATCH: updatesOfApps('changes several apps as one deployment'),
  },
  '/v2/tasks': { GET: get('all tasks; with Accept: text/plain where their ports are', 'Tasks', ['status']) },
  '/v2/tasks/delete': {
    POST: { summary: 'kills tasks', query: killing, body: 'TaskIds', answers: { 200: 'Tasks' } },
  },
  '/v2/deployments': { GET: get('changes under way', 'Deployments') },
  '/v2/deployments/{id}': {
    GET: get('one change under way', 'Deployment'),
    DELETE: {
      summary: 'takes a change back; with force it ends where it is (202)',
      query: ['force'],
      answers: { 200: 'DeploymentResult', 202: null },
    },
  },
  '/v2/queue': { GET: get('what waits to be launched, and why', 'Queue', ['embed']) },
  '/v2/queue/{appId}/delay': { DELETE: { summary: 'forgets the back-off of an app', answers: { 204: null } } },
  '/v2/events': {
    GET: get('what happens, as Server-Sent Events', 'text/event-stream', ['event_type', 'after', 'follow']),
  },
  '/v2/watch': {
    GET: get('the cluster in short rows and what changes there, as Server-Sent Events', 'text/event-stream', [
      'follow',
    ]),
  },
  '/v2/me': { GET: get('whom this API takes the client for', 'Me') },
  '/v2/pods': {
    GET: get('none', 'Pods'),
    POST: noPods,
  },
  '/v2/pods/::status': { GET: get('none', 'Pods'), PUT: noPods, DELETE: noPod },
  '/v2/pods/{podId}': { GET: noPod, PUT: noPods, DELETE: noPod },
  '/v2/plan': {
    POST: {
      summary: 'where the tasks of a spec would go now',
      query: ['strict'],
      body: 'App',
      answers: { 200: 'Plan' },
    },
  },
  '/v2/placement/drain': {
    GET: get('how agents could be emptied', 'Moves', ['agent', 'zone']),
    POST: { summary: 'empties agents', query: ['agent', 'zone'], answers: { 200: 'DeploymentResult' } },
    DELETE: { summary: 'agents take tasks again', query: ['agent', 'zone'], answers: { 200: 'DeploymentResult' } },
  },
  '/v2/placement/drains': { GET: get('agents that are emptied', 'Drains') },
  '/v2/placement/rebalance': {
    GET: get('which moves would gain', 'Moves', ['movesMax', 'gainMin']),
    POST: { summary: 'carries moves out that gain', query: ['movesMax', 'gainMin'], answers: { 200: 'Moves' } },
  },
  '/v2/agents': { GET: get('agents that are known, and their machines', 'Agents') },
  '/v2/info': { GET: get('who serves this API', 'Info') },
  '/v2/leader': {
    GET: get('which scheduler leads', 'Leader'),
    DELETE: { summary: 'has it abdicate', answers: { 200: 'Message' } },
  },
  '/v2/plugins': { GET: get('none', 'Plugins') },
  '/v2/openapi.json': { GET: get('this document', 'Document') },
  '/ping': { GET: get('pong', 'text/plain') },
  '/health': {
    GET: {
      summary: '200 while this scheduler can do its work, else 503 with reasons',
      answers: { 200: 'Health', 503: 'Health' },
    },
  },
  '/v1/executor/{file}': { GET: get('the archive of the executor, for agents', 'application/gzip') },
  '/metrics': { GET: get("Prometheus' text format", 'text/plain') },
};

export const paths: Record<string, Path> = {
  ...Object.fromEntries(Object.values(appPaths)),
  ...groupPaths,
  ...otherPaths,
};
