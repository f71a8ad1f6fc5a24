import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Command, exitCodes, fromCaller, Option, positiveNumber, runProgram } from '@steepest/cli';
import { type Bandwidth, bandwidthOf, type Transfer } from './bandwidth.ts';
import { checkConformance } from './conformance.ts';
import { type Device, listDevices } from './devices.ts';
import { type Sizes, type Throughput, throughputOf } from './throughput.ts';

interface Options {
  readonly device: Device;
  readonly small: boolean;
  readonly python: string;
  readonly minutes: number;
  readonly out: string;
}

/** What is checked: on a card, and small enough for a test. */
const full = {
  packages: ['sgd', 'adam', 'lion', 'signum', 'adafactor', 'adalayer'],
  elements: 2 ** 26,
  sizes: [
    { width: 256, layers: 6, heads: 4, vocabulary: 4096, sequences: 16, positions: 128 },
    { width: 512, layers: 8, heads: 8, vocabulary: 32_128, sequences: 16, positions: 256 },
    { width: 1024, layers: 12, heads: 16, vocabulary: 32_128, sequences: 4, positions: 512 },
  ] satisfies Sizes[],
};
const small: typeof full = {
  packages: ['signum'],
  elements: 2 ** 16,
  sizes: [{ width: 16, layers: 1, heads: 2, vocabulary: 64, sequences: 2, positions: 8 }],
};

/** Runs the command line and returns its exit code: 1 if the device does not answer or a number is wrong, 2 for wrong usage. */
export function main(args: readonly string[], say: (line: string) => void = console.log): Promise<number> {
  return runProgram(args, (setExitCode) =>
    commandLine().action(async (options: Options) => setExitCode(await run(options, say))),
  );
}

function commandLine(): Command {
  return new Command('gpu-check')
    .description(
      'Checks TensorFlow on a GPU: what it is, the numbers of six optimizers, what their updates move, and training steps next to PyTorch.',
    )
    .addOption(new Option('--device <device>', 'where to run').choices(['gpu', 'cpu']).default('gpu'))
    .option('--small', 'one optimizer and the smallest sizes, to see that the check itself works', false)
    .option('--python <path>', 'a Python with torch', 'python3')
    .option('--minutes <number>', 'time for everything; what is left then is cut off', positiveNumber, 7.5)
    .option('--out <file>', 'where the numbers go', 'runs/gpu-check.json');
}

async function run(options: Options, say: (line: string) => void): Promise<number> {
  const { device, python } = options;
  const { packages, elements, sizes } = options.small ? small : full;
  const end = Date.now() + options.minutes * 60_000;
  const seconds = () => Math.max(1, (end - Date.now()) / 1000);

  const devices = await listDevices(device);
  for (const line of devices) say(`device: ${line}`);
  const bandwidth = await bandwidthOf(device, elements, seconds());
  if ('problem' in bandwidth) {
    say(`no answer from the backend: ${bandwidth.problem}`);
    return exitCodes.failure;
  }
  for (const line of bandwidthLines(bandwidth, elements)) say(line);

  const throughputs: Throughput[] = [];
  for (const one of sizes) {
    const throughput = await throughputOf(one, { device, python, seconds: seconds() });
    throughputs.push(throughput);
    for (const line of throughputLines(throughput)) say(line);
  }

  const conformance = await checkConformance(packages, device, seconds());
  say(
    `conformance of ${packages.join(', ')}: ` +
      (conformance.problem ?? `${conformance.passed} checks passed, ${conformance.failed} failed`),
  );
  for (const failure of conformance.failures) say(`  failed: ${failure}`);

  const out = fromCaller(options.out);
  await mkdir(dirname(out), { recursive: true });
  const numbers = { device, devices, bandwidth, throughputs, conformance };
  await writeFile(out, `${JSON.stringify(numbers, null, 2)}\n`);
  say(`numbers: ${out}`);
  const isWrong =
    conformance.failed > 0 ||
    conformance.problem !== undefined ||
    throughputs.some(
      ({ steepest, notes }) => steepest === undefined || notes.some((note) => /the same/.test(note)),
    );
  return isWrong ? exitCodes.failure : exitCodes.success;
}

function bandwidthLines({ reason, copy, updates }: Bandwidth, elements: number): string[] {
  const line = ({ name, milliseconds, gigabytesPerSecond }: Transfer): string =>
    `  ${name}: ${milliseconds.toPrecision(3)} ms, ${gigabytesPerSecond.toPrecision(3)} GB/s` +
    (name === copy.name
      ? ''
      : `, ${Math.round((100 * gigabytesPerSecond) / copy.gigabytesPerSecond)} % of the copy`);
  return [
    `backend: ${reason}`,
    `updates of ${elements.toLocaleString('en')} parameters:`,
    ...[copy, ...updates].map(line),
  ];
}

function throughputLines({ sizes, steepest, pytorch, tokensPerSecond, notes }: Throughput): string[] {
  const { width, layers, vocabulary, sequences, positions } = sizes;
  const parts = [
    ...(steepest === undefined ? [] : [`${steepest.toFixed(1)} ms, ${tokensPerSecond!.toFixed(0)} tokens/s`]),
    ...(pytorch === undefined ? [] : [`PyTorch ${pytorch.toFixed(1)} ms`]),
    ...(steepest === undefined || pytorch === undefined
      ? []
      : [`${(pytorch / steepest).toFixed(2)}x as fast`]),
  ];
  return [
    `training step, d ${width}, ${layers} layers, vocabulary ${vocabulary}, ${sequences} x ${positions} tokens: ` +
      (parts.length === 0 ? 'not measured' : parts.join('; ')),
    ...notes.map((note) => `  ${note}`),
  ];
}
