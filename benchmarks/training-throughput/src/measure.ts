import { Child, type Subject, type TimedStep } from './child.ts';
import { type SerialShare, serialShareOf } from './serial-share.ts';

/** What a subject took and held. */
export interface Measurement {
  readonly name: string;
  /** Of what runs it: Node or PyTorch. */
  readonly version: string;
  /** Losses of the first steps, which all subjects take from the same weights on the same batches. */
  readonly firstLosses: readonly number[];
  /** Steps after the first ones. */
  readonly steps: number;
  /** The fastest step by the clock. */
  readonly milliseconds: number;
  readonly medianMilliseconds: number;
  /** The fastest step in processor time, which other programs on the machine disturb less. */
  readonly processorMilliseconds: number;
  readonly peakBytes: number;
  /** Of the fastest step by the clock, for subjects on several threads that count the time of each. */
  readonly serial?: SerialShare;
}

/** How long to measure. */
export interface MeasureOptions {
  /** Turns of each subject; they take turns, so that all see the same machine. */
  readonly rounds: number;
  /** A turn is one step, or as many as fit in this time. */
  readonly turnSeconds: number;
  /** First steps, whose losses are compared and whose times are not counted. */
  readonly firstSteps: number;
  /** Told what happens, a line at a time. */
  readonly log?: (line: string) => void;
}

/** Times the subjects on the task in a folder, in turns. Those that are missing something are left out, with a line. */
export async function measure(
  subjects: readonly Subject[],
  folder: string,
  options: MeasureOptions,
): Promise<Measurement[]> {
  const { rounds, turnSeconds, firstSteps, log = () => {} } = options;
  const running: { child: Child; first: readonly TimedStep[]; steps: TimedStep[] }[] = [];
  try {
    for (const subject of subjects) {
      const child = await Child.start(subject, folder);
      if (!(child instanceof Child)) {
        log(`${subject.name} is left out: ${child.missing}`);
        continue;
      }
      const entry = { child, first: [] as readonly TimedStep[], steps: [] as TimedStep[] };
      running.push(entry);
      entry.first = await child.run(firstSteps);
      log(`${child.name} on ${child.version} is ready`);
    }
    for (let round = 0; round < rounds; round++) {
      for (const { child, first, steps } of running) {
        const last = (steps.at(-1) ?? first.at(-1)!).milliseconds;
        steps.push(...(await child.run(Math.max(1, Math.floor((turnSeconds * 1000) / last)))));
      }
      log(`round ${round + 1} of ${rounds}`);
    }
    const measurements: Measurement[] = [];
    for (const { child, first, steps } of running) {
      const fastest = steps.toSorted((a, b) => a.milliseconds - b.milliseconds)[0]!;
      const serial = serialShareOf(fastest, child.threads);
      measurements.push({
        name: child.name,
        version: child.version,
        firstLosses: first.map(({ loss }) => loss),
        steps: steps.length,
        milliseconds: fastest.milliseconds,
        medianMilliseconds: median(steps.map(({ milliseconds }) => milliseconds)),
        processorMilliseconds: Math.min(...steps.map((step) => step.processorMilliseconds)),
        peakBytes: await child.end(),
        ...(serial !== undefined && { serial }),
      });
    }
    return measurements;
  } finally {
    for (const { child } of running) child.kill();
  }
}

/** The largest relative difference between two subjects' losses of the same step. */
export function largestLossDifference(measurements: readonly Measurement[]): number {
  const steps = measurements[0]?.firstLosses.keys() ?? [];
  return Math.max(
    0,
    ...Array.from(steps, (step) => {
      const losses = measurements.map(({ firstLosses }) => firstLosses[step]!);
      const difference = (Math.max(...losses) - Math.min(...losses)) / Math.min(...losses);
      return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    }),
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
