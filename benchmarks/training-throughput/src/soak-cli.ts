import { Command, exitCodes, Option, runProgram, wholeNumber } from '@steepest/cli';
import { growthOf, type SoakMeasure, type SoakOptions, soak } from './soak.ts';

type Options = Pick<SoakOptions, 'backend' | 'steps' | 'threads'>;

process.exitCode = await runProgram(process.argv.slice(2), (setExitCode) =>
  new Command('soak')
    .description(
      'Trains a small decoder for many steps on several threads, and fails if what the process holds grows.',
    )
    .option('--steps <count>', 'steps of training', wholeNumber(1), 10_000)
    .option('--threads <count>', 'threads', wholeNumber(1), 2)
    .addOption(new Option('--backend <name>', 'what to train on').choices(['wasm', 'node']).default('wasm'))
    .action(async (options: Options) => setExitCode(await run(options))),
);

async function run({ backend, steps, threads }: Options): Promise<number> {
  // tfjs greets whoever has not installed tfjs-node.
  console.warn = () => {};
  const settled = Math.min(200, Math.ceil(steps / 10));
  const measures = await soak({ backend, steps, threads, settled, measures: 20, log: printMeasure });
  const growth = growthOf(measures);
  for (const line of growth) console.error(line);
  console.log(growth.length === 0 ? `Flat over ${steps} steps.` : `Not flat over ${steps} steps.`);
  return growth.length === 0 ? exitCodes.success : exitCodes.failure;
}

function printMeasure(measure: SoakMeasure): void {
  const { step, loss, tensors, buffers, heapBytes, residentBytes, jobsPerStep } = measure;
  const parts = [
    `loss ${loss.toFixed(4)}`,
    `${tensors} tensors in ${buffers} buffers`,
    ...(heapBytes === undefined ? [] : [`heap ${(heapBytes / 1e6).toFixed(1)} MB`]),
    `process ${(residentBytes / 1e6).toFixed(0)} MB`,
    `${measure.processorMilliseconds.toFixed(1)} processor ms per step`,
    ...(jobsPerStep === undefined ? [] : [`work divided ${jobsPerStep.toFixed(0)} times per step`]),
  ];
  console.log(`step ${step}: ${parts.join(', ')}`);
}
