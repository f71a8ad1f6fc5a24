import { Command, InvalidArgumentError, Option } from 'commander';
import { growthOf, type SoakMeasure, type SoakOptions, soak } from './soak.ts';

const whole = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a positive whole number.');
};
const { backend, steps, threads } = new Command('soak')
  .description(
    'Trains a small decoder for many steps on several threads, and fails if what the process holds grows.',
  )
  .option('--steps <count>', 'steps of training', whole, 10_000)
  .option('--threads <count>', 'threads', whole, 2)
  .addOption(new Option('--backend <name>', 'what to train on').choices(['wasm', 'node']).default('wasm'))
  .parse()
  .opts<Pick<SoakOptions, 'backend' | 'steps' | 'threads'>>();

// tfjs greets whoever has not installed tfjs-node.
console.warn = () => {};
const settled = Math.min(200, Math.ceil(steps / 10));
const measures = await soak({ backend, steps, threads, settled, measures: 20, log: printMeasure });
const growth = growthOf(measures);
for (const line of growth) console.error(line);
console.log(growth.length === 0 ? `Flat over ${steps} steps.` : `Not flat over ${steps} steps.`);
process.exitCode = growth.length === 0 ? 0 : 1;

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
