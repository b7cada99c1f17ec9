import { type Command, Option } from 'commander';
import { knownServices } from '../../guest/services.js';
import { failOverGuest, guestStatus, syncGuest } from '../guest.js';
import { CONSOLE_FILES, type LogsOptions, logs } from '../logs.js';
import { anApp, type GlobalOptions, outputOf, session, timeout } from '../options.js';
import { reading } from './looking.js';

/** As long as the framework tries. */
const GUEST_TIMEOUT_SECONDS = 45;

/** `gaia vm`. */
export function addVmCommands(vm: Command): void {
  vm.command('image')
    .description('make a small guest from Debian packages, with redis-server and memcached, or with a service alone')
    .addOption(new Option('--service <NAME>', 'what it runs').choices(Object.keys(knownServices)))
    .option('--directory <DIR>', 'where to')
    .action(async (options) => (await import('../vm.js')).makeGuestImage(outputOf(options), options));
  reading(vm.command('console').addArgument(anApp()))
    .description('the end of what the guest of an app wrote to its console; with --follow what it writes')
    .action((id, options: LogsOptions & GlobalOptions) => logs(session(options), id, options, CONSOLE_FILES));
  vm.command('status')
    .addArgument(anApp())
    .description('who runs a replicated guest, whether a backup covers it, and what its rounds take')
    .action((id, options) => guestStatus(session(options), id));
  vm.command('sync')
    .addArgument(anApp())
    .description('make the backup of a replicated guest equal now, and wait until it is')
    .addOption(timeout(GUEST_TIMEOUT_SECONDS))
    .action((id, options) => syncGuest(session(options), id, options));
  vm.command('failover')
    .addArgument(anApp())
    .description('have the backup of a replicated guest go on as the primary')
    .addOption(timeout(GUEST_TIMEOUT_SECONDS))
    .addHelpText('after', FAILOVER_HELP)
    .action((id, options) => failOverGuest(session(options), id, options));
}

const FAILOVER_HELP = `
After one more round the backup becomes the primary; what was acknowledged stays. The old primary ends and is replaced: clients
that came through its address lose their connections, all others keep theirs. Refused while no backup covers the guest.`;
