import type { Shape, Subject } from './subjects.ts';

/** Million tokens per second: of processor time, that of the system included, and by the clock. */
export interface Rate {
  readonly processor: number;
  readonly clock: number;
}

/** Batches between two looks at the clock: some 100,000 tokens. */
function batchesAtATime({ contextLength, batchSize }: Shape): number {
  return Math.ceil(100_000 / (contextLength * batchSize));
}

/** The best rates of subjects that take turns of at least `seconds`, so many rounds. */
export function bestRates(
  subjects: readonly Subject[],
  shape: Shape,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Rate[] {
  const best = subjects.map(() => ({ processor: 0, clock: 0 }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, subject] of subjects.entries()) {
      const { processor, clock } = rate(subject, shape, seconds);
      const known = best[index]!;
      best[index] = {
        processor: Math.max(known.processor, processor),
        clock: Math.max(known.clock, clock),
      };
    }
  }
  return best;
}

/** The rates of one turn. */
export function rate(subject: Subject, shape: Shape, seconds: number): Rate {
  const each = batchesAtATime(shape);
  const cpu = process.cpuUsage();
  const started = performance.now();
  let tokens = 0;
  let elapsed = 0;
  do {
    for (let batch = 0; batch < each; batch += 1) subject.next();
    tokens += each * shape.batchSize * shape.contextLength;
    elapsed = performance.now() - started;
  } while (elapsed < 1000 * seconds);
  const { user, system } = process.cpuUsage(cpu);
  return { processor: tokens / Math.max(1, user + system), clock: tokens / (1000 * elapsed) };
}
