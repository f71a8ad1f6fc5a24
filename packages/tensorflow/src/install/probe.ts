import { fileURLToPath } from 'node:url';
import { type Installation, reinstall } from '../installation.ts';
import { lastLines, runCommand } from './run-command.ts';

/** What a process that loaded an installation and computed with it says. */
export interface ProbeResult {
  readonly usesGpu: boolean;
  /** Milliseconds from the start of loading to the first result. */
  readonly milliseconds: number;
  /** Warnings of TensorFlow, such as that CUDA was not found. */
  readonly warnings: readonly string[];
}

/** Runs the process that loads an installation, so that a library that ends its process does not end this one. */
export type RunProbe = (
  record: string,
  environment: Readonly<Record<string, string>>,
) => ReturnType<typeof runCommand>;

/** The file next to the built package, or in a checkout its TypeScript, which the flags of this process let Node read. */
const runProbe: RunProbe = (record, environment) => {
  const file = `./probe-process.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`;
  const program = fileURLToPath(new URL(file, import.meta.url));
  return runCommand(process.execPath, [...process.execArgv, program, record], { environment });
};

/**
 * Loads the installation of a record in a process of its own and multiplies two matrices with it.
 *
 * @throws if it does not load or computes something else, with what to do
 */
export async function probe(
  record: string,
  { device }: Pick<Installation, 'device'>,
  run: RunProbe = runProbe,
): Promise<ProbeResult> {
  // Warnings, such as a CUDA that is not found, are of level 1.
  const result = await run(record, { TF_CPP_MIN_LOG_LEVEL: '1' });
  if (result?.code === 0) {
    const answer = JSON.parse(result.stdout.trim().split('\n').at(-1)!) as Omit<ProbeResult, 'warnings'>;
    return { ...answer, warnings: warningsIn(result.stderr) };
  }
  if (result?.signal === 'SIGILL') {
    throw new Error(
      'TensorFlow was ended by an instruction that this processor lacks: its wheels need AVX. Use the wasm backend.',
    );
  }
  const ended = result?.signal === undefined ? '' : ` (ended by ${result.signal})`;
  const said = result === undefined ? '' : lastLines(result);
  throw new Error(`TensorFlow does not work${ended}: ${said}\n${reinstall(device)}.`);
}

/** The text of TensorFlow's lines of warnings and errors, without time and place. */
function warningsIn(stderr: string): string[] {
  return [...stderr.matchAll(/^(?:\S+ \S+: |[WE]\d+ \S+ +\d+ )?(?:[WE] )?\S+\.(?:cc|h):\d+\] (.+)$/gm)].map(
    ([, text]) => text!.trim(),
  );
}
