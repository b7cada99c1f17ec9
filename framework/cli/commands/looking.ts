import { type Command, InvalidArgumentError, Option } from 'commander';
import { listAgents, showAgent } from '../agents-known.js';
import { authorityFrom } from '../credentials.js';
import { showEvents } from '../events.js';
import { explain, plan, status } from '../inspect.js';
import { logs } from '../logs.js';
import { drain, rebalance } from '../moves.js';
import {
  anAgent,
  anApp,
  connectionFor,
  DEPLOYMENT_TIMEOUT_SECONDS,
  type GlobalOptions,
  naming,
  outputOf,
  session,
  timeout,
  whole,
} from '../options.js';

const AWAY_TIMEOUT_SECONDS = 60;
const AWAY_HELP = 'with --follow: how long the API may be away';

/** What is there, what happens, and why. */
export function addLookingCommands(program: Command): void {
  program
    .command('status')
    .description('the framework, its master, what runs and what waits')
    .action((options) => status(session(options)));
  program
    .command('events')
    .description('what has happened lately: deployments, tasks, agents')
    .option('--follow', 'go on with what happens, until Ctrl-C')
    .option('--type <TYPE...>', 'only events of these types, such as deployment_success')
    .addOption(timeout(AWAY_TIMEOUT_SECONDS, AWAY_HELP))
    .addHelpText('after', '\nWith --json the events are one list; with --follow --json each is a line of its own.')
    .action((options) => showEvents(session(options), options));
  program
    .command('explain')
    .addArgument(anApp())
    .description('why the tasks of an app are where they are, and what keeps the others waiting')
    .action((id, options) => explain(session(options), id));
  program
    .command('plan')
    .argument('<file>', 'specs in YAML or JSON; - is standard input')
    .description('where the tasks of a spec would go now; changes nothing')
    .action((file, options) => plan(session(options), file));
  reading(program.command('logs').addArgument(anApp()))
    .description('the end of what the tasks of an app wrote; with --follow what they write')
    .option('--slot <SLOT>', 'only the replica in this slot', whole(0, 8))
    .action((id, options) => logs(session(options), id, options));
}

/** `gaia agent`, and what empties or relieves agents. */
export function addAgentCommands(program: Command): void {
  const agent = program.command('agent').description('machines that tasks run on');
  naming(agent.command('list'))
    .description('agents that are known, what runs there and whether they are fit')
    .action((options) => listAgents(session(options)));
  naming(agent.command('show').addArgument(anAgent()))
    .description('one agent: its tasks, and its machine as an executor has found it')
    .action((name, options) => showAgent(session(options), name));
  program
    .command('drain')
    .argument('<agent...>', 'agents by name or id; or zone=NAME, rack=NAME or another attribute')
    .description('empty agents: what runs there moves to others, and nothing new goes there')
    .option('--dry-run', 'only say what would be moved, and what cannot leave')
    .addOption(new Option('--end', 'the agents take tasks again').conflicts('dryRun'))
    .option('--detach', 'do not wait until nothing runs there')
    .addOption(timeout(DEPLOYMENT_TIMEOUT_SECONDS))
    .action((targets, options) => drain(session(options), targets, options));
  program
    .command('rebalance')
    .description('move replicas so that groups are spread more evenly, or agents are empty')
    .option('--dry-run', 'only say what would be moved')
    .option('--moves-max <COUNT>', 'how many moves at most', whole(0, 1000), 20)
    .option('--gain-min <GAIN>', 'leave out moves that gain less', gain, 0)
    .option('--detach', 'do not wait until all have moved')
    .addOption(timeout(DEPLOYMENT_TIMEOUT_SECONDS))
    .action((options) => rebalance(session(options), options));
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('is this machine fit to be an agent: RDMA, ports, memory, disk, programs; with --api its clock, too')
    .option('--data-directory <DIR>', 'where replicas keep their data', '/var/lib/gaia/replicas')
    .option('--agents', 'look at the agents of the cluster instead, by a task on each that has not told lately')
    .option('--timeout <SECONDS>', 'how long agents are waited for', whole(1, 3600), 60)
    .addHelpText(
      'after',
      '\nWhether agents have the ports, attributes and resources that an app asks for: gaia plan FILE',
    )
    .action(async (options: GlobalOptions & { dataDirectory: string; agents?: true; timeout: number }) => {
      const { dataDirectory: directory, agents, timeout } = options;
      if (agents) return (await import('../doctor/agents.js')).doctorOfAgents(session(options), timeout);
      const { api: url, ca, assumed } = connectionFor(options);
      const api = assumed ? null : { url: url.split(',')[0] as string, authority: authorityFrom(ca) };
      await (await import('../doctor/doctor.js')).doctor(outputOf(options), { directory, api });
    });
}

export function reading(command: Command): Command {
  return command
    .option('-n, --lines <COUNT>', 'lines per file', whole(1, 10_000), 20)
    .option('-f, --follow', 'go on with what is written, until Ctrl-C')
    .addOption(timeout(AWAY_TIMEOUT_SECONDS, AWAY_HELP));
}

function gain(text: string): number {
  if (/^\d{1,4}(\.\d{1,6})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`It is '${text}'; use a number such as 0.5.`);
}
