/** Milliseconds of one run, over the rounds. */
export interface Timing {
  readonly minimum: number;
  readonly median: number;
}

/** Something to time: runs `repetitions` times and answers the milliseconds of one run. */
export interface Timed {
  readonly name: string;
  time(repetitions: number): number | Promise<number>;
}

/** What a time is: that on the wall, or that in which this process had a processor, for a machine that others use too. */
export type ClockName = 'wall' | 'processor';

const clocks: Readonly<Record<ClockName, () => number>> = {
  wall: () => performance.now(),
  processor: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

/** Times a function in this process. */
export function timed(name: string, run: () => void, clock: ClockName): Timed {
  const now = clocks[clock];
  return {
    name,
    time: (repetitions) => {
      const start = now();
      for (let i = 0; i < repetitions; i++) run();
      return (now() - start) / repetitions;
    },
  };
}

/** Repetitions of a run so that a turn takes about `milliseconds`, found after a warm-up as long as four turns. */
async function repetitionsFor(subject: Timed, milliseconds: number): Promise<number> {
  let spent = 0;
  let repetitions = 1;
  // Twice at least: the first run makes the state and compiles.
  for (let turn = 0; turn < 2 || spent < 4 * milliseconds; turn++) {
    const each = await subject.time(repetitions);
    spent += each * repetitions;
    repetitions = Math.max(1, Math.min(2 * repetitions, Math.round(milliseconds / each)));
  }
  return repetitions;
}

/**
 * Times subjects in turn, round after round, so that what else runs on the machine slows all of them alike.
 *
 * @param milliseconds Length of a turn; a run that takes longer is a turn of its own.
 */
export async function interleaved(
  subjects: readonly Timed[],
  { rounds, milliseconds }: { readonly rounds: number; readonly milliseconds: number },
): Promise<ReadonlyMap<Timed, Timing>> {
  const repetitions = new Map<Timed, number>();
  for (const subject of subjects) repetitions.set(subject, await repetitionsFor(subject, milliseconds));
  const times = new Map<Timed, number[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      times.get(subject)!.push(await subject.time(repetitions.get(subject)!));
    }
  }
  return new Map([...times].map(([subject, list]) => [subject, timingOf(list)]));
}

function timingOf(times: readonly number[]): Timing {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  return { minimum: sorted[0]!, median };
}
