import {
  Command,
  exitCodes,
  fromCaller,
  Option,
  positiveNumber,
  runProgram,
  wholeNumber,
} from '@steepest/cli';
import { runAdaptiveContextExperiment } from './adaptive-context/adaptive-context-experiment.ts';
import { checkSweep } from './learning-rate-batch-size/check-sweep.ts';
import { runSchedulesExperiment } from './schedules/schedules-experiment.ts';
import { runSuExperiment } from './su/su-experiment.ts';

/** Runs the command line and returns its exit code; errors are printed, never thrown. */
export function main(args: readonly string[]): Promise<number> {
  return runProgram(args, commandLine);
}

function commandLine(setExitCode: (code: number) => void): Command {
  const program = new Command('scaling-laws').description(
    'Tests scaling laws on training runs of this repository and of others.',
  );
  /** A command that trains in parts, with the options that all such take. */
  function training<Options>(
    name: string,
    description: string,
    run: (options: Options) => Promise<string>,
  ): Command {
    return program
      .command(name)
      .description(description)
      .addOption(pathOption('--out <folder>', 'where the runs go', `runs/${name}`))
      .addOption(
        pathOption('--results <folder>', "where the outcome goes (default: the experiment's own results)"),
      )
      .option('--hours <hours>', 'stop after this time; the same command resumes', positiveNumber)
      .option('--parallel <trials>', 'trials side by side (default: one a core)', wholeNumber(1))
      .action(async (options: Options) => {
        if ((await run(options)) === 'interrupted') setExitCode(exitCodes.interrupted);
      });
  }
  training(
    'su',
    'sweep small models, predict a larger run by the law of Su et al., train it, and compare',
    runSuExperiment,
  )
    .addOption(pathOption('--sweep <file>', 'another experiment to fit on'))
    .addOption(pathOption('--held-out <file>', 'another experiment of one trial to predict'))
    .option(...fromStep);
  training(
    'schedules',
    'sweep schedules, predict held-out ones, and compare the one that a law suggests with cosines',
    runSchedulesExperiment,
  )
    .addOption(pathOption('--sweep <file>', 'another experiment whose runs to rank and predict'))
    .addOption(pathOption('--curves <file>', 'another experiment to fit the multi-power law on'))
    .option('--seeds <seeds>', 'seeds of the suggestion and the cosines', wholeNumber(1), 4);
  training(
    'adaptive-context',
    'train fixed contexts, plan a context that grows by their laws, train it by the plan, and compare',
    runAdaptiveContextExperiment,
  )
    .addOption(pathOption('--fixed <file>', 'another experiment of fixed contexts to fit on'))
    .option(...fromStep);
  program
    .command('learning-rate-batch-size')
    .argument('<csv>', 'the sweep, dense_lr_bs_loss.csv', fromCaller)
    .description(
      "fit the laws of learning rate and batch on Step Law's dense sweep, and what they cost in each cell",
    )
    .addOption(
      pathOption('--results <folder>', "where the table goes (default: the experiment's own results)"),
    )
    .option('--bootstrap <samples>', 'resamples for the intervals', wholeNumber(1), 1000)
    .action((csv: string, options: { results?: string; bootstrap: number }) => checkSweep(csv, options));
  return program;
}

/** An option that is a path, and relative to where npm was called, its default too. */
function pathOption(flags: string, description: string, usual?: string): Option {
  const option = new Option(flags, description).argParser(fromCaller);
  return usual === undefined ? option : option.default(fromCaller(usual), usual);
}

const fromStep = [
  '--from-step <step>',
  'leave out losses of earlier steps, as those of the warm-up',
  wholeNumber(1),
  60,
] as const;
