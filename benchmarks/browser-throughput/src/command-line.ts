import { existsSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  Command,
  commaSeparated,
  exitCodes,
  Option,
  positiveNumber,
  runProgram,
  wholeNumber,
} from '@steepest/cli';
import { nodeSubject, type Subject } from '@steepest/training-throughput/child.ts';
import { largestLossDifference, type Measurement, measure } from '@steepest/training-throughput/measure.ts';
import { agreementCode, oneOf, withTask, writeNumbers } from '@steepest/training-throughput/session.ts';
import { throughputTable } from '@steepest/training-throughput/table.ts';
import { defaultSizes, type TaskSizes, taskOf } from '@steepest/training-throughput/task.ts';
import { type SubjectName, subjectNames } from './page.ts';

/** Where a step is timed: on a backend of Chromium, or on Dawn, Chromium's WebGPU, in Node. */
const places = ['webgpu', 'wasm', 'webgpu-in-node'] as const;
type Place = (typeof places)[number];

/** A step that software drivers finish. */
const softwareSizes: TaskSizes = {
  width: 32,
  layers: 2,
  heads: 2,
  vocabulary: 256,
  sequences: 4,
  positions: 32,
};

/** The software Vulkan that Debian's chromium brings. */
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

type Options = Partial<TaskSizes> & {
  readonly device: 'software' | 'gpu';
  readonly places: readonly Place[];
  readonly subjects: readonly SubjectName[];
  readonly rounds: number;
  readonly turnSeconds: number;
  readonly out: string;
};

/** Runs the command line and returns its exit code: 1 if losses differ, 2 for wrong usage. */
export function main(args: readonly string[]): Promise<number> {
  return runProgram(args, (setExitCode) =>
    commandLine().action(async (options: Options) => setExitCode(await run(options))),
  );
}

function commandLine(): Command {
  const program = new Command('browser-throughput')
    .description(
      'Times one training step of a decoder in Chromium, and in Node on its WebGPU, in several libraries in turns.',
    )
    .addOption(
      new Option('--device <device>', 'what WebGPU computes on; the sizes of a step follow from it')
        .choices(['software', 'gpu'])
        .default('software'),
    )
    .option('--places <names>', `some of ${places.join(',')}`, commaSeparated(oneOf(places)), [...places])
    .option('--subjects <names>', `some of ${subjectNames.join(',')}`, commaSeparated(oneOf(subjectNames)), [
      ...subjectNames,
    ])
    .option('--rounds <count>', 'turns of each subject', wholeNumber(1), 3)
    .option('--turn-seconds <seconds>', 'time of a turn, a whole step at least', positiveNumber, 3)
    .option('--out <file>', 'where the numbers go', 'runs/browser-throughput.json');
  for (const name of Object.keys(defaultSizes))
    program.option(`--${name} <number>`, `${name} of the model or batch`, wholeNumber(1));
  return program;
}

async function run({ device, ...options }: Options): Promise<number> {
  // Both are read where the browser, and WebGPU in Node, are started.
  if (device === 'gpu') process.env.STEEPEST_WEBGPU_DEVICE = 'gpu';
  else if (existsSync(swiftShader)) process.env.VK_ICD_FILENAMES = swiftShader;
  // Vulkan's loader complains on stderr where it is unset.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  const sizes: TaskSizes = { ...(device === 'gpu' ? defaultSizes : softwareSizes), ...sizesIn(options) };
  const task = taskOf(sizes);
  const found: { place: Place; measurements: readonly Measurement[] }[] = [];
  let code: number = exitCodes.success;
  await withTask(task, async (folder) => {
    for (const place of options.places) {
      const measurements = await measure(subjectsOf(place, options.subjects), folder, {
        ...{ rounds: options.rounds, turnSeconds: options.turnSeconds, firstSteps: 3 },
        log: (line) => console.error(line),
      });
      found.push({ place, measurements });
      console.log(`\n${place}`);
      console.log(throughputTable(measurements, sizes, 'wall'));
      code = Math.max(code, agreement(measurements));
    }
  });
  if (device === 'software' && options.places.some((place) => place !== 'wasm')) {
    console.log(
      'WebGPU ran on the processor, by a software driver: only that the losses agree counts, no time of it does.',
    );
  }
  const machine = { processor: cpus()[0]?.model ?? 'unknown', cores: cpus().length, device };
  const out = await writeNumbers(options.out, { task, machine, places: found });
  console.log(`Numbers: ${out}`);
  return code;
}

/** Says whether all subjects that train our model computed the same; nanogpt has a model of its own. */
function agreement(measurements: readonly Measurement[]): number {
  const same = measurements.filter(({ name }) => !name.startsWith('nanogpt'));
  const difference = largestLossDifference(same);
  console.log(
    `Losses of the first steps of ${same.map(({ name }) => name).join(' and ')} agree within ${difference.toExponential(1)}.`,
  );
  return agreementCode(difference);
}

function subjectsOf(place: Place, names: readonly SubjectName[]): Subject[] {
  if (place === 'webgpu-in-node') {
    const inNode = (['steepest', 'tfjs'] as const).filter((name) => names.includes(name));
    return inNode.map((name) => nodeSubject(`${name}-webgpu`, process.execPath));
  }
  const program = fileURLToPath(new URL('./browser-process.ts', import.meta.url));
  const flags = ['--conditions=@steepest/source', '--import', 'tsx', program];
  return names
    .filter((name) => place === 'webgpu' || name !== 'nanogpt')
    .map((name) => {
      const threads = place === 'wasm' && name === 'steepest' ? availableParallelism() : 1;
      return {
        name: threads === 1 ? name : `${name}, ${threads} threads`,
        command: [process.execPath, ...flags, name, place, String(threads)],
      };
    });
}

function sizesIn(options: Partial<TaskSizes>): Partial<TaskSizes> {
  const given = Object.keys(defaultSizes).map((name) => [name, options[name as keyof TaskSizes]] as const);
  return Object.fromEntries(given.filter(([, size]) => size !== undefined));
}
