import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { roles } from '../access/users.js';
import { installation } from '../installation.js';
import { addApp, listApps, removeApp, restartApp, STORY_LINES, scaleApp, showOne } from './apps.js';
import { addDeploymentCommands, addGroupCommands } from './change-commands.js';
import { authorityFrom } from './credentials.js';
import { showEvents } from './events.js';
import { failOverGuest, guestStatus, syncGuest } from './guest.js';
import { explain, plan, status } from './inspect.js';
import { defaultDirectory } from './local-cluster.js';
import { CONSOLE_FILES, type LogsOptions, logs } from './logs.js';
import { drain, rebalance } from './moves.js';
import {
  API_DEFAULT,
  DEPLOYMENT_TIMEOUT_SECONDS,
  type GlobalOptions,
  globalOptions,
  limited,
  outputOf,
  session,
  whole,
} from './options.js';
import { transferLeadership } from './transfer.js';

const TRANSFER_TIMEOUT_SECONDS = 15;
/** As long as the framework tries. */
const GUEST_TIMEOUT_SECONDS = 45;
const EVENTS_TIMEOUT_SECONDS = 60;

/** All commands and their options. Parsing throws CommanderError on wrong usage, and Failure when a command fails. */
export function buildProgram(): Command {
  const program = new Command('gaia')
    .description('Keeps ordinary server programs alive through machine failures, on Apache Mesos.')
    .version(installation.version)
    .showHelpAfterError('Run "npx gaia help" to see what is possible.')
    .addHelpText('after', HELP_AFTER)
    .exitOverride();
  addLocalCommands(program);
  addAppCommands(program.command('app').description('add, change and look at apps'));
  addGroupCommands(program.command('group').description('app groups: apps below one path'));
  addDeploymentCommands(program.command('deployment').description('changes that are being carried out'));
  addInspectCommands(program);
  addDoctor(program);
  addStoreCommands(program);
  addUserCommands(program.command('user').description('who may use the API'));
  addVmCommands(program.command('vm').description('virtual machines'));
  for (const command of leaves(program)) globalOptions(command);
  return program;
}

const HELP_AFTER = `
Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 the API does not answer, 4 refused by the API, 5 timed out.
The API is --api URL, else $GAIA_API, else the local cluster that "gaia up" started, else ${API_DEFAULT}.`;

/** `up` and `down` bring the embedded Mesos with them; the other commands start faster without. */
function addLocalCommands(program: Command): void {
  program
    .command('up')
    .description('start a cluster on this machine, with a replicated Redis to try')
    .option('--directory <DIR>', 'where it keeps its state', defaultDirectory())
    .option('--port <PORT>', 'port of the API; another free one when it is taken, or with 0', whole(0, 65535), 8080)
    .option('--agents <COUNT>', 'number of agents', whole(1, 50), 5)
    .option('--no-demo', 'do not start /demo/ledger')
    .addOption(
      new Option('--secrets-directory <DIR>', 'with a file for each secret that apps may refer to').env(
        'GAIA_SECRETS_DIRECTORY',
      ),
    )
    .action(async (options) => (await import('./up.js')).up(outputOf(options), options));
  program
    .command('down')
    .description('stop the cluster on this machine, with everything it runs')
    .option('--directory <DIR>', 'where it keeps its state', defaultDirectory())
    .action(async (options) => (await import('./down.js')).down(outputOf(options), options));
}

function addAppCommands(app: Command): void {
  limited(app.command('add').argument('<file>', 'spec in YAML or JSON; - is standard input'))
    .description('start an app')
    .option('--update', 'change the app if it exists')
    .action((file, options) => addApp(session(options), file, options));
  app
    .command('list')
    .description('all apps')
    .action((options) => listApps(session(options)));
  app
    .command('show')
    .argument('<id>')
    .description('state, replicas and story of an app')
    .option('--story <LINES>', 'how much of its story, the latest last', whole(0, 100_000), STORY_LINES)
    .action((id, options) => showOne(session(options), id, options.story));
  limited(
    app
      .command('scale')
      .argument('<id>')
      .argument('<instances>', 'how many tasks or replicas', whole(0, 2 ** 31 - 1)),
  )
    .description('change the number of tasks or replicas')
    .action((id, instances, options) => scaleApp(session(options), id, instances, options));
  limited(app.command('restart').argument('<id>'))
    .description('replace all tasks, a few at a time')
    .action((id, options) => restartApp(session(options), id, options));
  app
    .command('transfer')
    .argument('<id>')
    .description('have another replica lead')
    .option('--to <SLOT>', 'the replica in this slot; else the most current one', whole(0, 8))
    .option('--timeout <SECONDS>', 'how long to wait', whole(1, 86_400), TRANSFER_TIMEOUT_SECONDS)
    .action((id, options) => transferLeadership(session(options), id, options));
  limited(app.command('remove').argument('<id>'))
    .description('stop an app and forget it')
    .action((id, options) => removeApp(session(options), id, options));
}

function addInspectCommands(program: Command): void {
  program
    .command('status')
    .description('the framework, its master, what runs and what waits')
    .action((options) => status(session(options)));
  program
    .command('events')
    .description('what has happened lately: deployments, tasks, agents')
    .option('--follow', 'go on with what happens, until Ctrl-C')
    .option('--type <TYPE...>', 'only events of these types, such as deployment_success')
    .option(
      '--timeout <SECONDS>',
      'with --follow: how long the API may be away',
      whole(1, 86_400),
      EVENTS_TIMEOUT_SECONDS,
    )
    .addHelpText('after', EVENTS_HELP)
    .action((options) => showEvents(session(options), options));
  program
    .command('explain')
    .argument('<id>')
    .description('why the tasks of an app are where they are, and what keeps the others waiting')
    .action((id, options) => explain(session(options), id));
  program
    .command('plan')
    .argument('<file>', 'spec in YAML or JSON; - is standard input')
    .description('where the tasks of a spec would go now; changes nothing')
    .action((file, options) => plan(session(options), file));
  program
    .command('drain')
    .argument('<target...>', 'agents by name or id; or zone=NAME, rack=NAME or another attribute')
    .description('empty agents: what runs there moves to others, and nothing new goes there')
    .option('--dry-run', 'only say what would be moved, and what cannot leave')
    .addOption(new Option('--end', 'the agents take tasks again').conflicts('dryRun'))
    .option('--detach', 'do not wait until nothing runs there')
    .option('--timeout <SECONDS>', 'how long to wait', whole(1, 86_400), DEPLOYMENT_TIMEOUT_SECONDS)
    .action((targets, options) => drain(session(options), targets, options));
  program
    .command('rebalance')
    .description('move replicas so that groups are spread more evenly, or agents are empty')
    .option('--dry-run', 'only say what would be moved')
    .option('--moves-max <COUNT>', 'how many moves at most', whole(0, 1000), 20)
    .option('--gain-min <GAIN>', 'leave out moves that gain less', gain, 0)
    .option('--detach', 'do not wait until all have moved')
    .option('--timeout <SECONDS>', 'how long to wait', whole(1, 86_400), DEPLOYMENT_TIMEOUT_SECONDS)
    .action((options) => rebalance(session(options), options));
  readingSandboxes(program.command('logs').argument('<id>'))
    .description('the end of what the tasks of an app wrote (local clusters)')
    .option('--slot <SLOT>', 'only the replica in this slot', whole(0, 8))
    .action((id, options) => logs(session(options), id, options));
}

function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('is this machine fit to be an agent: RDMA, ports, memory, disk, programs; with --api its clock, too')
    .option('--data-directory <DIR>', 'where replicas keep their data', '/var/lib/gaia/replicas')
    .option('--agents', 'look at the agents of the cluster instead, by a task on each that has not told lately')
    .option('--timeout <SECONDS>', 'how long agents are waited for', whole(1, 3600), 60)
    .addHelpText(
      'after',
      '\nWhether agents have the ports, attributes and resources that an app asks for: npx gaia plan FILE',
    )
    .action(async (options: GlobalOptions & { dataDirectory: string; agents?: true; timeout: number }) => {
      const { api: url, ca, dataDirectory: directory, agents, timeout } = options;
      if (agents) return (await import('./doctor/agents.js')).doctorOfAgents(session(options), timeout);
      const api = url === undefined ? null : { url: url.split(',')[0] as string, authority: authorityFrom(ca) };
      await (await import('./doctor/doctor.js')).doctor(outputOf(options), { directory, api });
    });
}

/** The framework's state, past its API. */
function addStoreCommands(program: Command): void {
  ofStore(program.command('backup').argument('<file>', 'is made; must not exist'))
    .description("write the framework's state into one file; the framework may run")
    .action(async (file, options) => (await import('./backup.js')).backUp(outputOf(options), file, options));
  ofStore(program.command('restore').argument('<file>', 'that "gaia backup" has written'))
    .description('put a backup into a store; no framework may run on it')
    .option('--force', 'also when the store is not empty: what is in it is replaced')
    .action(async (file, options) => (await import('./backup.js')).restore(outputOf(options), file, options));
}

function addUserCommands(user: Command): void {
  user
    .command('add')
    .argument('<name>')
    .description('add a line to a file of users; the password is read from standard input')
    .requiredOption('--file <FILE>', 'the file that the framework gets with --users; made if missing')
    .addOption(new Option('--role <ROLE>', 'what the user may do').choices(roles).makeOptionMandatory())
    .option('--path <PATH...>', 'what a deployer may change: these groups and apps with all below them')
    .option('--token', 'make a token in place of a password, for programs')
    .action(async (name, options) => (await import('./user.js')).addUser(outputOf(options), name, options));
}

function ofStore(command: Command): Command {
  const store = new Option('--store <PLACE>', 'as the framework was given it').env('GAIA_STORE');
  return command
    .addOption(store.default(join(defaultDirectory(), 'framework'), "the local cluster's"))
    .addOption(new Option('--zk-user-file <FILE>', 'name:password for ZooKeeper').env('GAIA_ZK_USER_FILE'))
    .addOption(new Option('--zk-ca <FILE>', "the authority of ZooKeeper's certificates, for TLS").env('GAIA_ZK_CA'))
    .addOption(new Option('--zk-certificate <FILE>', 'the certificate that it is shown').env('GAIA_ZK_CERTIFICATE'))
    .addOption(new Option('--zk-key <FILE>', 'the key of that certificate').env('GAIA_ZK_KEY'));
}

const EVENTS_HELP = `
With --json the events are one list; with --follow --json each is a line of its own.

Example:
  npx gaia events --follow --type deployment_success deployment_failed`;

function addVmCommands(vm: Command): void {
  vm.command('image')
    .description('make a small guest with redis-server and memcached from Debian packages')
    .option('--directory <DIR>', 'where to')
    .action(async (options) => (await import('./vm.js')).makeGuestImage(outputOf(options), options));
  readingSandboxes(vm.command('console').argument('<id>'))
    .description('the end of what the guest of an app wrote to its console (local clusters)')
    .action((id, options: LogsOptions & GlobalOptions) => logs(session(options), id, options, CONSOLE_FILES));
  vm.command('status')
    .argument('<id>')
    .description('who runs a replicated guest, whether a backup covers it, and what its rounds take')
    .addHelpText('after', '\nExamples:\n  npx gaia vm status /demo/guest\n  npx gaia vm status /demo/guest --json')
    .action((id, options) => guestStatus(session(options), id));
  steering(vm.command('sync').argument('<id>'))
    .description('make the backup of a replicated guest equal now, and wait until it is')
    .addHelpText('after', '\nExample:\n  npx gaia vm sync /demo/guest')
    .action((id, options) => syncGuest(session(options), id, options));
  steering(vm.command('failover').argument('<id>'))
    .description('have the backup of a replicated guest go on as the primary')
    .addHelpText('after', FAILOVER_HELP)
    .action((id, options) => failOverGuest(session(options), id, options));
}

const FAILOVER_HELP = `
After one more round the backup becomes the primary; what was acknowledged stays. The old primary ends and is replaced: clients
that came through its address lose their connections, all others keep theirs. Refused while no backup covers the guest.

Example:
  npx gaia vm failover /demo/guest --timeout 60`;

function steering(command: Command): Command {
  return command.option('--timeout <SECONDS>', 'how long to wait', whole(1, 86_400), GUEST_TIMEOUT_SECONDS);
}

function readingSandboxes(command: Command): Command {
  return command
    .option('--lines <COUNT>', 'lines per file', whole(1, 10_000), 20)
    .option('--directory <DIR>', 'directory of the cluster', defaultDirectory());
}

function gain(text: string): number {
  if (/^\d{1,4}(\.\d{1,6})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`It is '${text}'; use a number such as 0.5.`);
}

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap((one) => leaves(one as Command));
}
