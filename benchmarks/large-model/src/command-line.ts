import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { usableCores } from '@steepest/backend';
import { Command, exitCodes, fromCaller, Option, runProgram, wholeNumber } from '@steepest/cli';
import { modelSizes } from '@steepest/lm-models';
import { type Run, type RunEnd, runProcess } from './run.ts';

type Options = Pick<Run, 'size' | 'backend' | 'threads' | 'sequences' | 'steps'> & { readonly out: string };

/** The files of a checkpoint that a resumed run must write again to the bit. */
const files = ['model.safetensors', 'optimizer.safetensors'];

/** Runs the command line and returns its exit code: 1 if the resumed run differs, 2 for wrong usage. */
export function main(args: readonly string[], say: (line: string) => void = console.log): Promise<number> {
  return runProgram(args, (setExitCode) =>
    commandLine().action(async (options: Options) => setExitCode(await run(options, say))),
  );
}

function commandLine(): Command {
  const sizes = Object.keys(modelSizes);
  return new Command('large-model')
    .description(
      'Trains a model with AdamW for some steps, again with a stop before the last one, and compares the checkpoints to the bit.',
    )
    .addOption(new Option('--size <size>', 'which model').choices(sizes).default('150m'))
    .addOption(
      new Option('--backend <name>', 'what to train on')
        .choices(['node', 'node-gpu', 'wasm'])
        .default('node'),
    )
    .option('--threads <count>', 'threads (default: all cores)', wholeNumber(1), usableCores())
    .option('--sequences <count>', "sequences of the model's context in a step", wholeNumber(1), 1)
    .option('--steps <count>', 'steps: at least one before the stop and one after it', wholeNumber(2), 3)
    .option('--out <folder>', 'where checkpoints go while it runs, and the numbers', 'runs/large-model');
}

async function run({ out, ...options }: Options, say: (line: string) => void): Promise<number> {
  const folder = fromCaller(out);
  const [whole, resumed] = [join(folder, 'whole'), join(folder, 'resumed')];
  const removeRuns = () =>
    Promise.all([whole, resumed].map((one) => rm(one, { recursive: true, force: true })));
  await removeRuns();
  await mkdir(folder, { recursive: true });

  const uninterrupted = await runProcess({ ...options, folder: whole });
  say(describe('whole run', uninterrupted));
  const sizes = await Promise.all(files.map(async (file) => (await stat(checkpoint(whole, file))).size));
  say(`checkpoint: ${gigabytes(sizes.reduce((a, b) => a + b))}`);
  const stopped = await runProcess({ ...options, folder: resumed, stopAfter: options.steps - 1 });
  say(describe('stopped before its last step', stopped));
  const continued = await runProcess({ ...options, folder: resumed });
  say(describe('resumed', continued));

  const differing: string[] = [];
  for (const file of files) {
    const [first, second] = await Promise.all([whole, resumed].map((one) => digest(checkpoint(one, file))));
    if (first !== second) differing.push(file);
  }
  say(
    differing.length === 0
      ? 'The resumed run wrote the same model and the same optimizer state to the bit.'
      : `The resumed run wrote another ${differing.join(' and another ')}.`,
  );
  const numbers = {
    ...options,
    checkpointBytes: sizes,
    runs: { uninterrupted, stopped, continued },
    differing,
  };
  await writeFile(join(folder, 'numbers.json'), `${JSON.stringify(numbers, null, 2)}\n`);
  await removeRuns();
  return differing.length === 0 ? exitCodes.success : exitCodes.failure;
}

function checkpoint(run: string, file: string): string {
  return join(run, 'checkpoint', file);
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function describe(name: string, end: RunEnd): string {
  const { milliseconds, tokensPerStep, parameters } = end;
  // The first step compiles and allocates.
  const fastest = Math.min(...milliseconds);
  return (
    `${name} (${end.status}) on ${end.backend}: ${parameters.toLocaleString('en')} parameters, ` +
    `${(fastest / 1000).toPrecision(3)} s per step of ${tokensPerStep.toLocaleString('en')} tokens, ` +
    `${Number(((1000 * tokensPerStep) / fastest).toPrecision(3))} tokens/s, loss ${end.loss.toFixed(4)}; ` +
    `${gigabytes(end.trainingPeakBytes)} while training, ${gigabytes(end.peakBytes)} with its checkpoint`
  );
}

function gigabytes(bytes: number): string {
  return `${Number((bytes / 1e9).toPrecision(3))} GB`;
}
