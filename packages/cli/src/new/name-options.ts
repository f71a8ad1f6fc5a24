import type { Command } from 'commander';

/** The options that say what a new optimizer is called in its package, and where it comes from. */
export function withNameOptions(command: Command): Command {
  return command
    .option('--class <name>', 'name of the class (default: the name in Pascal case)')
    .option('--title <text>', 'name as printed (default: the words of the name, capitalized)')
    .option('--authors <text>', 'authors of the paper, for instance "Zhuang et al."')
    .option('--year <year>', 'year of the paper')
    .option('--paper-title <text>', 'title of the paper')
    .option('--source <text>', 'where it is published: "arXiv <id>", "doi <id>" or an address');
}
