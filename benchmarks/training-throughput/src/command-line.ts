import { cpus } from 'node:os';
import {
  Command,
  commaSeparated,
  fromCaller,
  Option,
  positiveNumber,
  runProgram,
  wholeNumber,
} from '@steepest/cli';
import {
  type NodeSubjectName,
  nodeSubject,
  pytorchGpuSubject,
  pytorchSubject,
  type Subject,
} from './child.ts';
import { largestLossDifference, type Measurement, measure } from './measure.ts';
import { agreementCode, oneOf, withTask, writeNumbers } from './session.ts';
import { type Clock, serialShareTable, throughputTable } from './table.ts';
import { defaultSizes, type TaskSizes, taskOf } from './task.ts';

const processorSubjects = ['steepest', 'steepest-node', 'tfjs', 'jax-js', 'pytorch'] as const;
const subjectNames = [...processorSubjects, 'steepest-node-gpu', 'pytorch-gpu'] as const;

interface Options extends TaskSizes {
  readonly node: readonly string[];
  readonly python: string;
  readonly subjects: readonly string[];
  readonly threads: readonly number[];
  readonly rounds: number;
  readonly turnSeconds: number;
  readonly clock: Clock;
  readonly out: string;
}

/** Runs the command line and returns its exit code: 1 if losses differ, 2 for wrong usage. */
export function main(args: readonly string[]): Promise<number> {
  return runProgram(args, (setExitCode) =>
    commandLine().action(async (options: Options) => setExitCode(await run(options))),
  );
}

function commandLine(): Command {
  const program = new Command('training-throughput')
    .description(
      'Times one training step of a decoder in several libraries, each in its own process, in turns.',
    )
    .option('--node <path>', 'another Node to run on, may be repeated (default: this one)', collect, [])
    .option('--python <path>', 'a Python with torch', 'python3')
    .option('--subjects <names>', `some of ${subjectNames.join(',')}`, commaSeparated(oneOf(subjectNames)), [
      ...processorSubjects,
    ])
    .option(
      '--threads <counts>',
      'threads of steepest, steepest-node and pytorch, each once per number',
      commaSeparated(wholeNumber(1)),
      [1],
    )
    .option('--rounds <count>', 'turns of each subject', wholeNumber(1), 5)
    .option('--turn-seconds <seconds>', 'time of a turn, a whole step at least', positiveNumber, 3)
    .addOption(
      new Option('--clock <clock>', 'times for tokens/s and ratios: processor if the machine is busy')
        .choices(['wall', 'processor'])
        .default('wall'),
    )
    .option('--out <file>', 'where the numbers go', 'runs/training-throughput.json');
  for (const [name, size] of Object.entries(defaultSizes)) {
    program.option(`--${name} <number>`, `${name} of the model or batch`, wholeNumber(1), size);
  }
  return program;
}

async function run(options: Options): Promise<number> {
  const { width, layers, heads, vocabulary, sequences, positions } = options;
  const task = taskOf({ width, layers, heads, vocabulary, sequences, positions });
  return withTask(task, async (folder) => {
    const measurements = await measure(subjectsOf(options), folder, {
      rounds: options.rounds,
      turnSeconds: options.turnSeconds,
      firstSteps: 3,
      log: (line) => console.error(line),
    });
    return report(measurements, task, options);
  });
}

function subjectsOf({ subjects, node, python, threads }: Options): Subject[] {
  const nodes = node.length > 0 ? node : [process.execPath];
  return subjects.flatMap((name) => {
    if (name === 'pytorch-gpu') return [pytorchGpuSubject(python)];
    if (name === 'pytorch') return threads.map((count) => pytorchSubject(python, count));
    const counts = name === 'steepest' || name === 'steepest-node' ? threads : [1];
    return nodes.flatMap((path) => counts.map((count) => nodeSubject(name as NodeSubjectName, path, count)));
  });
}

async function report(
  measurements: readonly Measurement[],
  task: TaskSizes,
  options: Options,
): Promise<number> {
  const difference = largestLossDifference(measurements);
  const machine = { processor: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
  const out = await writeNumbers(options.out, { task, machine, clock: options.clock, measurements });
  console.log(throughputTable(measurements, task, options.clock));
  const serial = serialShareTable(measurements);
  if (serial !== '') console.log(serial);
  console.log(`Losses of the first steps agree within ${difference.toExponential(1)}. Numbers: ${out}`);
  return agreementCode(difference);
}

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, fromCaller(value)];
}
