import { Command, Option } from 'commander';
import { programName, wholeNumber } from '../frame.ts';
import { type FitFlags, fitCommand } from './fit-command.ts';
import { listCommand } from './list-command.ts';
import { collect, holdOut, share } from './options.ts';
import { predictCommand } from './predict-command.ts';
import { suggestCommand } from './suggest-command.ts';

/** The command line of laws: `fit`, `predict`, `suggest` and `list`. */
export function lawsProgram(): Command {
  const program = new Command('steepest laws')
    .description('Fits scaling laws on training runs, and asks fitted and published laws what to do next.')
    .addHelpText('after', examples);
  program
    .command('fit <runs...>')
    .description('fit a law on run folders, a results.json, CSV, TSV, JSON or JSON lines')
    .requiredOption('--law <name>', 'the law, one of those that `list` shows')
    .option(
      '--column <name=source>',
      'a column of the law from a column of the runs, or calculated from them, such as "tokens=C/(6*[Model Size])"; repeatable',
      collect,
      [],
    )
    .option(
      '--where <condition>',
      'only rows for which it holds, such as "lr < 0.01 && status == \'finished\'"; repeatable',
      collect,
      [],
    )
    .option(
      '--best-of <column>',
      'of runs alike otherwise, only those of its best value, such as of the learning rate; repeatable',
      collect,
      [],
    )
    .option('--mix <column>', 'let runs differ in it, such as in the optimizer; repeatable', collect, [])
    .option(
      '--option <name=value>',
      'an option of the law itself, as `list <law>` shows them; repeatable',
      collect,
      [],
    )
    .addOption(
      new Option(
        '--points <points>',
        'what a row of a run folder is: the end of the run, or each logged loss (default: what the law is fitted to)',
      ).choices(['final', 'validation', 'training']),
    )
    .addOption(
      new Option(
        '--status <status>',
        'which runs of run folders: those that finished, or all (default: what the law is fitted on)',
      ).choices(['finished', 'all']),
    )
    .option('--bootstrap <resamples>', 'resamples for the intervals, 0 for none', wholeNumber(0))
    .option('--seed <seed>', 'seed of the resamples', wholeNumber(0))
    .option('--confidence <share>', 'share of the resamples inside an interval (default: 0.95)', share)
    .option(
      '--hold-out <share or FLOPs>',
      'keep the rows of most compute out, and test the fit on them: a share of the rows below 1, or all above a compute',
      holdOut,
    )
    .option('--out <folder>', 'keep the fit (law.json), its charts and a page (report.html)')
    .option('--json', 'print the fit as JSON')
    .action((runs: string[], flags: FitFlags) => fitCommand(runs, flags));
  asking(program.command('predict'), '[law] [numbers]', predictCommand).description(
    'what a law predicts: of the folder of a saved fit, or of a published law; `predict <law> --help` shows the numbers it takes',
  );
  asking(program.command('suggest'), '[laws...] [numbers]', suggestCommand).description(
    'what laws suggest to use next, each using the suggestions of the previous ones; `suggest <laws> --help` shows the numbers they take',
  );
  program
    .command('list [law]')
    .description('list the laws, or show the formula, columns, options and numbers of one')
    .option('--json', 'print them as JSON')
    .action((law: string | undefined, flags: { json?: boolean }) => listCommand(law, flags));
  return program;
}

/** A command whose flags depend on the laws that it is given. */
function asking(command: Command, usage: string, run: (args: readonly string[]) => Promise<void>): Command {
  return command
    .argument('[laws...]')
    .usage(usage)
    .helpOption(false)
    .allowUnknownOption()
    .action((args: string[]) => {
      if (args.length === 0 || ['--help', '-h'].includes(args[0]!)) return command.outputHelp();
      return run(args);
    });
}

const examples = (): string => `
Examples:
  ${programName('laws')} list
  ${programName('laws')} fit runs/sweep --law learning-rate-batch-size --out laws/rates
  ${programName('laws')} fit sweep.csv --law chinchilla --column loss=smooth_loss --bootstrap 500 --hold-out 0.1 --out laws/loss
  ${programName('laws')} fit points.csv --law chinchilla --column 'tokens=[Training FLOP]/(6*[Model Size])'
  ${programName('laws')} predict laws/loss --parameters 1.2B --tokens 24B
  ${programName('laws')} suggest laws/loss step-law --flops 1e20     size and tokens, then learning rate and batch for them
  ${programName('laws')} predict kaplan-critical-batch --loss 3.2 --json

Exit codes: 0 done, 1 the data or a file cannot be used, 2 wrong usage.`;
