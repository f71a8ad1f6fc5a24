import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { largestSeed, scales } from '@steepest/experiments/limits';
import { Command, CommanderError, Option } from 'commander';
import type { PlanFlags, WorkFlags } from './commands/plan-and-work.ts';
import type { ReportFlags } from './commands/report.ts';
import type { RunFlags } from './commands/run.ts';
import type { StudyFlags } from './commands/study.ts';
import type { TuneFlags } from './commands/tune.ts';
import { exitCodes, positiveNumber, programName, runProgram, UsageError, wholeNumber } from './frame.ts';
import { mountedCommands } from './mounted-commands.ts';

/**
 * Runs `steepest` and returns its exit code; errors are printed, never thrown. Each command loads its code when it is called.
 *
 * @param args what was typed after the name of the program
 */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  const mounted = name !== undefined && Object.hasOwn(mountedCommands, name) && mountedCommands[name];
  return mounted ? mounted.run(rest) : runProgram(args, commandLine);
}

type SetExitCode = (code: number) => void;

function commandLine(setExitCode: SetExitCode): Command {
  const program = new Command('steepest')
    .description('Trains optimizers side by side on a language model and reports the comparison.')
    .usage('[command] [options]')
    .option('-V, --version', 'print the versions of this program, of Node and of the system')
    .on('option:version', printVersion)
    .addHelpText('after', examples);
  addRun(program, setExitCode);
  addTune(program, setExitCode);
  addStudy(program, setExitCode);
  addMachines(program, setExitCode);
  addReports(program);
  for (const [name, { description }] of Object.entries(mountedCommands)) {
    program.command(name).description(description);
  }
  return program;
}

function printVersion(): never {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const { version, platform, arch } = process;
  console.log(`steepest ${manifest.version} (Node ${version}, ${platform} ${arch})`);
  throw new CommanderError(exitCodes.success, 'commander.version', manifest.version);
}

function addRun(program: Command, setExitCode: SetExitCode): void {
  training(program.command('run [experiment]', { isDefault: true }))
    .description('run an experiment: a YAML file, or the name of one that `list` shows (default: quick)')
    .option('--live', 'serve a page on this machine that follows the run')
    .option(
      '--from <folders...>',
      'take the trials that these results have instead of training them again: runs, or what was shared of them',
    )
    .option('--dry-run', 'check the file and print its trials, time and memory, but train nothing')
    .option('--trial <number>', 'only this trial of the plan in --out', wholeNumber(0))
    .addHelpText('after', examples)
    .action(async (experiment: string | undefined, { trial, ...options }: RunFlags & { trial?: number }) => {
      if (trial !== undefined) {
        if (options.from !== undefined) {
          throw new UsageError(
            '--trial trains a trial of a plan, so it takes none --from results: take them with  run  first',
          );
        }
        const { runTrialOfPlan } = await import('./commands/plan-and-work.ts');
        const { status } = await runTrialOfPlan(trial, options.out, options.threads);
        if (status === 'interrupted') setExitCode(exitCodes.interrupted);
        if (status === 'failed') setExitCode(exitCodes.failure);
        return;
      }
      const { runFile } = await import('./commands/run.ts');
      setExitCode(codeOf(await runFile(named(experiment), options)));
    });
}

function addTune(program: Command, setExitCode: SetExitCode): void {
  training(program.command('tune <experiment>'))
    .description(
      'tune every optimizer of an experiment by coordinate descent, each with the same number of trials',
    )
    .option('--trials <settings>', 'settings to try for each optimizer', wholeNumber(1))
    .option('--dry-run', 'check the file and print its trials, time and memory, but train nothing')
    .option(
      '--stop-hopeless <nats>',
      'give up trials whose validation loss is this much above the best at the same step',
      positiveNumber,
    )
    .action(async (experiment: string, options: TuneFlags) => {
      const { tuneFile } = await import('./commands/tune.ts');
      setExitCode(codeOf(await tuneFile(experiment, options)));
    });
}

function addStudy(program: Command, setExitCode: SetExitCode): void {
  training(program.command('study'))
    .description(
      "run every experiment of the study, and write results and what they say of the study's claims",
    )
    .option(
      '--results <folder>',
      'where results and the page about them go (default: beside the experiments)',
    )
    .option('--only <experiments>', 'some of its experiments, with commas between', (text) => text.split(','))
    .option('--continue', 'train only the trials that the results do not have, and take the others from them')
    .option('--hours <hours>', 'stop after this time; the same command continues', positiveNumber)
    .option('--page', 'run nothing: write the page from the results that there are')
    .action(async (options: StudyFlags) => {
      const { runStudy } = await import('./commands/study.ts');
      setExitCode(codeOf(await runStudy(options)));
    });
}

function addMachines(program: Command, setExitCode: SetExitCode): void {
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
    .action(async (options: WorkFlags) => {
      const { workForQueue } = await import('./commands/plan-and-work.ts');
      setExitCode((await workForQueue(options)) ? exitCodes.interrupted : exitCodes.failure);
    });
  program
    .command('plan [experiment]')
    .description('number the trials of an experiment for a batch system, which runs each by `run --trial`')
    .option('--out <folder>', 'where the run files go (default: runs/<experiment name>)')
    .addOption(backendOption())
    .addOption(scaleOption())
    .action(async (experiment: string | undefined, options: PlanFlags) => {
      const { planFile } = await import('./commands/plan-and-work.ts');
      if (!(await planFile(named(experiment), options))) setExitCode(exitCodes.interrupted);
    });
}

/** The experiment that was asked for, or the quick one, which is said. */
function named(experiment: string | undefined): string {
  if (experiment !== undefined) return experiment;
  console.log(
    'No experiment was named: this is `quick`. `list` shows the others, and a YAML file of your own works too.',
  );
  return 'quick';
}

function addReports(program: Command): void {
  program
    .command('report <folder>')
    .description(
      'write report.html and results.json again from the run files in a folder, or the page from results that were shared',
    )
    .option(
      '--figures',
      'also every chart as SVG and PNG, and the ranking as Markdown, CSV and LaTeX, in <folder>/figures',
    )
    .option('--tensorboard', 'also TensorBoard event files of every trial, in <folder>/tensorboard')
    .option(
      '--share <folder>',
      'also the numbers with fewer points per curve, and the main charts, for a repository to keep',
    )
    .action(async (folder: string, options: ReportFlags) =>
      (await import('./commands/report.ts')).reportRun(folder, options),
    );
  program
    .command('compare <first> <second>')
    .description('put the results of two folders side by side, in the terminal and in a page')
    .option('--out <file>', 'where the page goes (default: runs/comparisons/<first>-and-<second>.html)')
    .action(async (first: string, second: string, options: { out?: string }) =>
      (await import('./commands/report.ts')).compareRuns(first, second, options),
    );
  program
    .command('watch <folder>')
    .description('serve a page on this machine that follows a run; Ctrl-C ends it')
    .option('--port <port>', 'a port instead of any free one', wholeNumber(0))
    .action(async (folder: string, options: { port?: number }) =>
      (await import('./commands/report.ts')).watchRun(folder, options),
    );
  program
    .command('list')
    .description('list the bundled experiments, with their trials and time')
    .addOption(scaleOption())
    .action(async (options: Pick<RunFlags, 'scale'>) =>
      (await import('./commands/list.ts')).listExperiments(options),
    );
}

/** The options of every command that trains. */
function training(command: Command): Command {
  return command
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
    .option('--queue <url>', 'let the workers of this Redis server run the trials, such as redis://host:6379')
    .option('--seed <seed>', "one seed instead of the experiment's own", wholeNumber(0, largestSeed))
    .addOption(scaleOption());
}

function codeOf(outcome: { readonly interrupted: boolean; readonly failed: readonly unknown[] }): number {
  if (outcome.interrupted) return exitCodes.interrupted;
  return outcome.failed.length > 0 ? exitCodes.failure : exitCodes.success;
}

function backendOption(): Option {
  return new Option('--backend <name>', 'tfjs backend')
    .choices(['auto', 'node-gpu', 'node', 'webgpu', 'wasm', 'cpu'])
    .default('auto');
}

function scaleOption(): Option {
  return new Option('--scale <scale>', "another scale than the experiment's own").choices(scales);
}

const examples = (): string => {
  const name = programName();
  const lines: readonly (readonly [command: string, meaning: string])[] = [
    ['', 'the quick experiment, about ten minutes on two cores'],
    ['run smoke --out /tmp/smoke', 'a few seconds, to see that everything works'],
    ['run my.yaml --dry-run', 'what an experiment of your own would take'],
    [`run my.yaml --out ${join('runs', 'mine')} --parallel 1`, ''],
    [`report ${join('runs', 'quick')} --figures`, 'the report again, with figures and tables for a paper'],
    [`compare ${join('runs', 'quick')} ${join('runs', 'mine')}`, ''],
    [`watch ${join('runs', 'quick')}`, 'follow it in a browser while it runs'],
    ['run learning-rate --scale 150m', 'a sweep of the study at its own size'],
    ['tune tuned', 'tune six optimizers with as many trials each'],
    ['study --hours 2', 'every sweep of the study, in parts of two hours'],
    ['run quick --queue redis://host', `on the machines that run  ${name} work --queue redis://host`],
    ['list', ''],
  ];
  const width = Math.max(...lines.map(([command]) => command.length));
  return `
Examples:
${lines.map(([command, meaning]) => `  ${name} ${command.padEnd(width)}  ${meaning}`.trimEnd()).join('\n')}

Ctrl-C stops with a checkpoint; the same command continues and repeats nothing that finished.
Exit codes: 0 all trials ended, 1 a failure, 2 wrong usage, 130 stopped by Ctrl-C.`;
};
