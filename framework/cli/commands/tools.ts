import { Argument, type Command } from 'commander';
import { completionScript, shells } from '../completion/scripts.js';
import { runTool, tools } from '../tools.js';

/** Programs beside the cluster. What stands behind their names goes to them as it is. */
export function addToolCommands(program: Command): void {
  for (const [name, { description }] of Object.entries(tools))
    program
      .command(name)
      .argument('[words...]', 'arguments of the program; --help tells them')
      .description(description)
      .allowUnknownOption()
      .helpOption(false)
      .action((words) => runTool(name as keyof typeof tools, words));
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'whose completion').choices(shells))
    .description('print a script that has a shell complete commands, options and the names of what there is')
    .action((shell) => {
      process.stdout.write(completionScript(shell));
    });
}
