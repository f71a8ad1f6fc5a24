import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createLanguageModel } from '@steepest/lm-models';
import * as tf from '@tensorflow/tfjs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import {
  type NodeSubjectName,
  nodeSubject,
  pytorchGpuSubject,
  pytorchSubject,
  type Subject,
} from './child.ts';
import { largestLossDifference, type Measurement, measure } from './measure.ts';
import { type Clock, serialShareTable, throughputTable } from './table.ts';
import { defaultSizes, modelOptions, type TaskSizes, taskOf, writeTask } from './task.ts';

const processorSubjects = ['steepest', 'steepest-node', 'tfjs', 'jax-js', 'pytorch'] as const;
const subjectNames = [...processorSubjects, 'steepest-node-gpu', 'pytorch-gpu'] as const;

/** Losses of the first steps differ by rounding only; more than this is another model or another optimizer. */
const lossTolerance = 1e-4;

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
export async function main(args: readonly string[]): Promise<number> {
  try {
    const program = commandLine().parse(args, { from: 'user' });
    return await run(program.opts<Options>());
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

function commandLine(): Command {
  const program = new Command('training-throughput')
    .description(
      'Times one training step of a decoder in several libraries, each in its own process, in turns.',
    )
    .option('--node <path>', 'another Node to run on, may be repeated (default: this one)', collect, [])
    .option('--python <path>', 'a Python with torch', 'python3')
    .option('--subjects <names>', `some of ${subjectNames.join(',')}`, namesOf, [...processorSubjects])
    .option(
      '--threads <counts>',
      'threads of steepest, steepest-node and pytorch, each once per number',
      countsOf,
      [1],
    )
    .option('--rounds <count>', 'turns of each subject', positive, 5)
    .option('--turn-seconds <seconds>', 'time of a turn, a whole step at least', Number, 3)
    .addOption(
      new Option('--clock <clock>', 'times for tokens/s and ratios: processor if the machine is busy')
        .choices(['wall', 'processor'])
        .default('wall'),
    )
    .option('--out <file>', 'where the numbers go', 'runs/training-throughput.json');
  for (const [name, size] of Object.entries(defaultSizes)) {
    program.option(`--${name} <number>`, `${name} of the model or batch`, positive, size);
  }
  return program.exitOverride();
}

async function run(options: Options): Promise<number> {
  const { width, layers, heads, vocabulary, sequences, positions } = options;
  const task = taskOf({ width, layers, heads, vocabulary, sequences, positions });
  const folder = await mkdtemp(join(tmpdir(), 'training-throughput-'));
  try {
    await tf.setBackend('cpu');
    const model = createLanguageModel(modelOptions(task));
    await writeTask(folder, task, await model.save());
    model.dispose();
    const measurements = await measure(subjectsOf(options), folder, {
      rounds: options.rounds,
      turnSeconds: options.turnSeconds,
      firstSteps: 3,
      log: (line) => console.error(line),
    });
    return await report(measurements, task, options);
  } finally {
    await rm(folder, { recursive: true });
  }
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
  const out = resolve(process.env.INIT_CWD ?? '.', options.out);
  await mkdir(dirname(out), { recursive: true });
  const machine = { processor: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
  await writeFile(out, `${JSON.stringify({ task, machine, clock: options.clock, measurements }, null, 2)}\n`);
  console.log(throughputTable(measurements, task, options.clock));
  const serial = serialShareTable(measurements);
  if (serial !== '') console.log(serial);
  console.log(`Losses of the first steps agree within ${difference.toExponential(1)}. Numbers: ${out}`);
  if (difference <= lossTolerance) return 0;
  console.error(`That is more than ${lossTolerance}: the subjects do not compute the same.`);
  return 1;
}

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, resolve(process.env.INIT_CWD ?? '.', value)];
}

function namesOf(text: string): string[] {
  const names = text.split(',');
  for (const name of names) {
    if (!(subjectNames as readonly string[]).includes(name)) {
      throw new InvalidArgumentError(`Each must be one of ${subjectNames.join(', ')}; got "${name}".`);
    }
  }
  return names;
}

function countsOf(text: string): number[] {
  return text.split(',').map(positive);
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a positive whole number.');
}
