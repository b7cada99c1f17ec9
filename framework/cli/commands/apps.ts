import type { Command } from 'commander';
import {
  addApps,
  appVersions,
  listApps,
  removeApp,
  restartApp,
  rollBackApp,
  STORY_LINES,
  scaleApp,
  showOne,
} from '../apps.js';
import { anApp, limited, naming, session, timeout, whole } from '../options.js';
import { transferLeadership } from '../transfer.js';

const TRANSFER_TIMEOUT_SECONDS = 15;

/** `gaia app`. */
export function addAppCommands(app: Command): void {
  limited(app.command('add').argument('<file>', 'specs in YAML or JSON; - is standard input'))
    .description('start an app; of several in one file one after another')
    .option('--update', 'change the app if it exists')
    .action((file, options) => addApps(session(options), file, options));
  naming(app.command('list'))
    .description('all apps')
    .action((options) => listApps(session(options)));
  naming(app.command('show').addArgument(anApp()))
    .description('state, replicas and story of an app')
    .option('--story <LINES>', 'how much of its story, the latest last', whole(0, 100_000), STORY_LINES)
    .action((id, options) => showOne(session(options), id, options.story));
  limited(
    app
      .command('scale')
      .addArgument(anApp())
      .argument('<instances>', 'how many tasks or replicas', whole(0, 2 ** 31 - 1)),
  )
    .description('change the number of tasks or replicas')
    .action((id, instances, options) => scaleApp(session(options), id, instances, options));
  limited(app.command('restart').addArgument(anApp()))
    .description('replace all tasks, a few at a time')
    .action((id, options) => restartApp(session(options), id, options));
  addVersionCommands(app);
  app
    .command('transfer')
    .addArgument(anApp())
    .description('have another replica lead')
    .option('--to <SLOT>', 'the replica in this slot; else the most current one', whole(0, 8))
    .addOption(timeout(TRANSFER_TIMEOUT_SECONDS))
    .action((id, options) => transferLeadership(session(options), id, options));
  limited(app.command('remove').addArgument(anApp()))
    .description('stop an app and forget it')
    .action((id, options) => removeApp(session(options), id, options));
}

function addVersionCommands(app: Command): void {
  naming(app.command('versions').addArgument(anApp()))
    .description('versions that are kept, the newest first')
    .action((id, options) => appVersions(session(options), id));
  limited(app.command('rollback').addArgument(anApp()).argument('<version>', 'as "versions" names it'))
    .description('make an app what it was then')
    .action((id, version, options) => rollBackApp(session(options), id, version, options));
}
