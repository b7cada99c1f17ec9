import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { roles } from '../../access/users.js';
import { listContexts, removeContext, setContext, showContext, useContext } from '../contexts/commands.js';
import { defaultDirectory } from '../local-cluster.js';
import { aContext, naming, outputOf, whole } from '../options.js';

/** What is done on this machine, past the API. */

/** `up` and `down` bring the embedded Mesos with them; the other commands start faster without. */
export function addLocalCommands(program: Command): void {
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
    .action(async (options) => (await import('../up.js')).up(outputOf(options), options));
  program
    .command('down')
    .description('stop the cluster on this machine, with everything it runs')
    .option('--directory <DIR>', 'where it keeps its state', defaultDirectory())
    .action(async (options) => (await import('../down.js')).down(outputOf(options), options));
}

/** The framework's state, past its API. */
export function addStoreCommands(program: Command): void {
  ofStore(program.command('backup').argument('<file>', 'is made; must not exist'))
    .description("write the framework's state into one file; the framework may run")
    .action(async (file, options) => (await import('../backup.js')).backUp(outputOf(options), file, options));
  ofStore(program.command('restore').argument('<file>', 'that "gaia backup" has written'))
    .description('put a backup into a store; no framework may run on it')
    .option('--force', 'also when the store is not empty: what is in it is replaced')
    .action(async (file, options) => (await import('../backup.js')).restore(outputOf(options), file, options));
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

export function addUserCommands(user: Command): void {
  user
    .command('add')
    .argument('<name>', 'of the user')
    .description('add a line to a file of users; the password is read from standard input')
    .requiredOption('--file <FILE>', 'the file that the framework gets with --users; made if missing')
    .addOption(new Option('--role <ROLE>', 'what the user may do').choices(roles).makeOptionMandatory())
    .option('--path <PATH...>', 'what a deployer may change: these groups and apps with all below them')
    .option('--token', 'make a token in place of a password, for programs')
    .action(async (name, options) => (await import('../user.js')).addUser(outputOf(options), name, options));
}

export function addContextCommands(context: Command): void {
  naming(context.command('list'))
    .description('clusters that have been given names; * is the one in use')
    .action((options) => listContexts(outputOf(options)));
  naming(context.command('show').argument('[context]', 'name of a context; else the one in use'))
    .description('how a cluster is reached')
    .action((name, options) => showContext(outputOf(options), name));
  context
    .command('use')
    .addArgument(aContext())
    .description('have commands go to this cluster; "local" is the one of this machine')
    .action((name, options) => useContext(outputOf(options), name));
  context
    .command('set')
    .addArgument(aContext())
    .description('name a cluster: its --api, and the --credentials, --ca, --certificate and --key for it')
    .action((name, options) => setContext(outputOf(options), name, options));
  context
    .command('remove')
    .addArgument(aContext())
    .description('forget the name of a cluster')
    .action((name, options) => removeContext(outputOf(options), name));
}
