import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  constant,
  linearWarmup,
  type Schedule,
  type StudyScheduleOptions,
  scheduleFromDescription,
  studySchedule,
} from '../src/index.ts';

// All arithmetic is float64; sums in another order differ by a few units in the last place. PyTorch's recursive
// forms (each rate made from the one before) gather up to 40 such roundings.
const relativeTolerance = 1e-13;

function expectRates(schedule: (step: number) => number, rates: readonly number[], peak: number): void {
  rates.forEach((rate, index) => {
    const error = Math.abs(schedule(index + 1) - rate) / peak;
    expect(error, `step ${index + 1}: ${schedule(index + 1)} against ${rate}`).toBeLessThan(
      relativeTolerance,
    );
  });
}

function readJson<T>(path: string | URL): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

interface Golden {
  hyper: {
    schedule?: { kind: string; firstStepIndex?: number; peakLast?: number } & StudyScheduleOptions;
    warmupSteps?: number;
  };
  learningRates: number[];
}

function goldenSchedule({ schedule, warmupSteps }: Golden['hyper']): Schedule | undefined {
  if (!schedule) return undefined;
  const { kind, firstStepIndex, peakLast, ...options } = schedule;
  // Adafactor's relative steps are made by the optimizer itself.
  if (kind === 'relativeStep') return undefined;
  if (kind !== 'constant') return studySchedule(options);
  // Schedule-free AdamW warms up by itself, and its rates include that.
  return warmupSteps ? linearWarmup({ peak: options.peak, warmupSteps }) : constant(options.peak);
}

interface TorchCase {
  name: string;
  description: { type: string };
  rates: number[];
}

describe("PyTorch's schedulers give the same rates", () => {
  // Made by tools/reference/lr-schedules/make_torch_schedules.py.
  const { cases } = readJson<{ cases: TorchCase[] }>(
    new URL('./fixtures/torch-schedules.json', import.meta.url),
  );
  it.each(cases)('$name as $description.type', ({ description, rates }) => {
    const schedule = scheduleFromDescription(description);
    expectRates(schedule, rates, schedule.peak);
  });
});

describe("the schedule of Zhao et al. gives the rates of the authors' code", () => {
  // Made by tools/reference/lr-schedules/collect_study_schedules.py.
  const cases = readJson<{ name: string; options: StudyScheduleOptions; rates: number[] }[]>(
    new URL('./fixtures/study-schedules.json', import.meta.url),
  );
  it.each(cases)('in $name', ({ options, rates }) => {
    expectRates(studySchedule(options), rates, options.peak);
  });

  // Relative to the repository root, from which the tests run.
  const golden = '../shared/golden';
  it.skipIf(!existsSync(golden))('in every golden trajectory with a schedule', () => {
    let compared = 0;
    for (const file of readdirSync(golden, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.json')) continue;
      const { hyper, learningRates } = readJson<Golden>(`${golden}/${file}`);
      const schedule = goldenSchedule(hyper);
      if (!schedule) continue;
      expectRates(schedule, learningRates, schedule.peak);
      compared++;
    }
    expect(compared).toBeGreaterThan(60);
  });
});
