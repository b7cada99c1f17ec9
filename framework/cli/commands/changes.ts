import type { Command } from 'commander';
import { cancelDeployment, listDeployments, showDeployment, waitFor } from '../deployments.js';
import { applyGroup, groupVersions, listGroups, removeGroup, rollBackGroup, showGroup } from '../groups.js';
import {
  aDeployment,
  aGroup,
  changing,
  DEPLOYMENT_TIMEOUT_SECONDS,
  limited,
  naming,
  session,
  timeout,
} from '../options.js';

/** `gaia group` and `gaia deployment`. */

export function addGroupCommands(group: Command): void {
  naming(group.command('list'))
    .description('all app groups')
    .action((options) => listGroups(session(options)));
  naming(group.command('show').addArgument(aGroup()))
    .description('what a group needs, and its apps')
    .action((id, options) => showGroup(session(options), id));
  limited(group.command('apply').argument('<file>', 'groups in YAML or JSON; - is standard input'))
    .description('make a group what the file says: lists that it gives replace those there are')
    .option('--dry-run', 'only say the steps')
    .option('--strict', 'refuse fields that are unknown')
    .action((file, options) => applyGroup(session(options), file, options));
  limited(group.command('remove').addArgument(aGroup()))
    .description('stop all apps of a group and forget it')
    .action((id, options) => removeGroup(session(options), id, options));
  naming(group.command('versions').addArgument(aGroup()))
    .description('versions that are kept, the newest first')
    .action((id, options) => groupVersions(session(options), id));
  limited(group.command('rollback').addArgument(aGroup()).argument('<version>', 'as "versions" names it'))
    .description('make a group what it was then')
    .option('--dry-run', 'only say the steps')
    .action((id, version, options) => rollBackGroup(session(options), id, version, options));
}

export function addDeploymentCommands(deployment: Command): void {
  naming(deployment.command('list'))
    .description('what is being changed')
    .action((options) => listDeployments(session(options)));
  deployment
    .command('show')
    .addArgument(aDeployment())
    .description('the steps of a change, and what it waits for; of one that has ended how')
    .action((id, options) => showDeployment(session(options), id));
  deployment
    .command('wait')
    .addArgument(aDeployment())
    .description('wait until a change has ended; exit code 1 when it has failed')
    .addOption(timeout(DEPLOYMENT_TIMEOUT_SECONDS))
    .action((id, options) => waitFor(session(options), id, options.timeout));
  changing(deployment.command('cancel').addArgument(aDeployment()))
    .description('take a change back; with --force just stop it')
    .action((id, options) => cancelDeployment(session(options), id, options));
}
