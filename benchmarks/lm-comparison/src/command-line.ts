import { join } from 'node:path';
import { ExperimentError, largestSeed, scales } from '@steepest/experiments';
import { RunError } from '@steepest/run-files';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type RunFlags, runFile, UsageError } from './commands.ts';
import { listExperiments } from './list-experiments.ts';
import {
  type PlanFlags,
  planFile,
  runTrialOfPlan,
  type WorkFlags,
  workForQueue,
} from './machine-commands.ts';
import { compareRuns, type ReportFlags, reportRun, watchRun } from './report-commands.ts';
import { runStudy, type StudyFlags } from './study-command.ts';
import { type TuneFlags, tuneFile } from './tune-command.ts';

/** Exit codes: everything went well, something failed, wrong usage, stopped by the person. */
export const exitCodes = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** Runs the command line and answers its exit code; errors are printed, never thrown. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.success;
  const program = commandLine((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
    console.error(describeError(error));
    return error instanceof UsageError ? exitCodes.usage : exitCodes.failure;
  }
}

function commandLine(setExitCode: (code: number) => void): Command {
  const program = new Command('bench')
    .description('Trains optimizers side by side on a language model and reports the comparison.')
    .usage('[command] [options]')
    .exitOverride()
    .addHelpText('after', examples);
  const training = (command: Command) =>
    command
      .option('--out <folder>', 'where the run files and the report go (default: runs/<experiment name>)')
      .addOption(backendOption())
      .option(
        '--parallel <trials>',
        'trials side by side, each in its own process (default: as many as the cores have room for)',
        wholeNumber(1),
      )
      .option(
        '--threads <threads>',
        'threads of each trial on wasm, where no result depends on them, or on node (default: an equal share of the cores, and on wasm for the last trials those that are free)',
        wholeNumber(1),
      )
      .option(
        '--queue <url>',
        'let the workers of this Redis server run the trials, such as redis://host:6379',
      )
      .option('--seed <seed>', "one seed instead of the experiment's own", wholeNumber(0, largestSeed))
      .addOption(scaleOption());
  training(program.command('run [experiment]', { isDefault: true }))
    .description('run an experiment: a YAML file, or the name of one that `list` shows (default: quick)')
    .option('--live', 'serve a page on this machine that follows the run')
    .option('--trial <number>', 'only this trial of the plan in --out', wholeNumber(0))
    .exitOverride()
    .addHelpText('after', examples)
    .action(async (experiment: string | undefined, { trial, ...options }: RunFlags & { trial?: number }) => {
      if (trial !== undefined) {
        const { status } = await runTrialOfPlan(trial, options.out, options.threads);
        if (status === 'interrupted') setExitCode(exitCodes.interrupted);
        if (status === 'failed') setExitCode(exitCodes.failure);
        return;
      }
      const outcome = await runFile(experiment ?? 'quick', options);
      if (outcome.interrupted) setExitCode(exitCodes.interrupted);
      else if (outcome.failed.length > 0) setExitCode(exitCodes.failure);
    });
  training(program.command('tune <experiment>'))
    .description('tune every optimizer of an experiment by coordinate descent, each with as many trials')
    .option('--trials <settings>', 'settings to try for each optimizer', wholeNumber(1))
    .option(
      '--stop-hopeless <nats>',
      'give up trials whose validation loss is so much above the best at the same step',
      positiveNumber,
    )
    .exitOverride()
    .action(async (experiment: string, options: TuneFlags) => {
      const outcome = await tuneFile(experiment, options);
      if (outcome.interrupted) setExitCode(exitCodes.interrupted);
      else if (outcome.failed.length > 0) setExitCode(exitCodes.failure);
    });
  training(program.command('study'))
    .description(
      "run every experiment of the study, and write results and what they say of the study's claims",
    )
    .option(
      '--results <folder>',
      "where results and the page of claims go (default: the benchmark's results)",
    )
    .option('--only <experiments>', 'some of its experiments, with commas between', (text) => text.split(','))
    .option('--hours <hours>', 'stop after this time; the same command goes on', positiveNumber)
    .exitOverride()
    .action(async (options: StudyFlags) => {
      const outcome = await runStudy(options);
      if (outcome.interrupted) setExitCode(exitCodes.interrupted);
      else if (outcome.failed.length > 0) setExitCode(exitCodes.failure);
    });
  program
    .command('work')
    .description('run trials that coordinators put into a queue, until Ctrl-C')
    .requiredOption('--queue <url>', 'the Redis server, such as redis://host:6379')
    .option('--parallel <trials>', 'trials side by side, each in its own process', wholeNumber(1), 1)
    .option(
      '--threads <threads>',
      'threads of each trial on wasm, where no result depends on them, or on node (default: an equal share of the cores)',
      wholeNumber(1),
    )
    .option('--out <folder>', 'the folder that holds the run folders here, if it has another path there')
    .option('--lease <seconds>', 'silence after which others take over a trial', wholeNumber(1), 30)
    .exitOverride()
    .action(async (options: WorkFlags) => {
      setExitCode((await workForQueue(options)) ? exitCodes.interrupted : exitCodes.failure);
    });
  program
    .command('plan [experiment]')
    .description('number the trials of an experiment for a batch system, which runs each by `run --trial`')
    .option('--out <folder>', 'where the run files go (default: runs/<experiment name>)')
    .addOption(backendOption())
    .addOption(scaleOption())
    .exitOverride()
    .action(async (experiment: string | undefined, options: PlanFlags) => {
      if (!(await planFile(experiment ?? 'quick', options))) setExitCode(exitCodes.interrupted);
    });
  program
    .command('report <folder>')
    .description('write report.html and results.json again from the run files in a folder')
    .option(
      '--figures',
      'also every chart as SVG and PNG, and the ranking as Markdown and CSV, in <folder>/figures',
    )
    .option('--tensorboard', 'also TensorBoard event files of every trial, in <folder>/tensorboard')
    .option(
      '--share <folder>',
      'also the report and the numbers with fewer points a curve, to keep or pass on',
    )
    .exitOverride()
    .action((folder: string, options: ReportFlags) => reportRun(folder, options));
  program
    .command('compare <first> <second>')
    .description('put the results of two folders side by side, in the terminal and in a page')
    .option('--out <file>', 'where the page goes (default: runs/comparisons/<first>-and-<second>.html)')
    .exitOverride()
    .action((first: string, second: string, options: { out?: string }) =>
      compareRuns(first, second, options),
    );
  program
    .command('watch <folder>')
    .description('serve a page on this machine that follows a run; Ctrl-C ends it')
    .option('--port <port>', 'a port instead of any free one', wholeNumber(0))
    .exitOverride()
    .action((folder: string, options: { port?: number }) => watchRun(folder, options));
  program
    .command('list')
    .description('list the experiments that come with the benchmark, with their trials and time')
    .addOption(scaleOption())
    .exitOverride()
    .action(listExperiments);
  return program;
}

function backendOption(): Option {
  return new Option('--backend <name>', 'tfjs backend')
    .choices(['auto', 'node-gpu', 'node', 'webgpu', 'wasm', 'cpu'])
    .default('auto');
}

function scaleOption(): Option {
  return new Option('--scale <scale>', "another scale than the experiment's own").choices(scales);
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number greater than 0.');
}

function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const limit = most === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${most}`;
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}${limit}.`);
  };
}

function describeError(error: unknown): string {
  if (error instanceof ExperimentError || error instanceof RunError || error instanceof UsageError) {
    return error.message;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const examples = `
Examples:
  npm run bench                                        the quick experiment, about ten minutes on two cores
  npm run bench -- run smoke --out /tmp/smoke          a few seconds, to see that everything works
  npm run bench -- run my.yaml --out ${join('runs', 'mine')} --parallel 1
  npm run bench -- report ${join('runs', 'quick')}                  write the report again
  npm run bench -- report ${join('runs', 'quick')} --figures        figures and tables for a paper as well
  npm run bench -- compare ${join('runs', 'quick')} ${join('runs', 'mine')}
  npm run bench -- watch ${join('runs', 'quick')}                   follow it in a browser while it runs
  npm run bench -- run learning-rate --scale 150m      a sweep of the study at its own size
  npm run bench -- tune tuned                          tune six optimizers with as many trials each
  npm run bench -- study --hours 2                     every sweep of the study, in parts of two hours
  npm run bench -- run quick --queue redis://host      on the machines that run  npm run bench -- work --queue redis://host
  npm run bench -- list

Ctrl-C stops with a checkpoint; the same command continues and repeats nothing that finished.
Exit codes: 0 all trials ended, 1 a failure, 2 wrong usage, 130 stopped by Ctrl-C.`;
