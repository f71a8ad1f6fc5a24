import { cosine, linear, linearWarmup, warmupStableDecay } from '@steepest/lr-schedules';
import { describe, expect, it } from 'vitest';
import {
  convergenceEscapeLaw,
  divergenceScores,
  fitPeakBaseline,
  fitRateSumBaseline,
  rankSchedules,
  type SchedulePredictor,
  type ScheduleRun,
  topHitRate,
} from '../../src/index.ts';

const families = {
  cosine: (peak: number, totalSteps: number, warmupSteps: number) =>
    cosine({ peak, totalSteps, warmupSteps, endFactor: 0.1 }),
  linear: (peak: number, totalSteps: number, warmupSteps: number) =>
    linear({ peak, totalSteps, warmupSteps }),
  decay: (peak: number, totalSteps: number, warmupSteps: number) =>
    warmupStableDecay({ peak, totalSteps, warmupSteps, decaySteps: Math.round(0.3 * totalSteps) }),
  stable: (peak: number, _: number, warmupSteps: number) => linearWarmup({ peak, warmupSteps }),
};
type Family = keyof typeof families;

/**
 * A stand-in for training that knows nothing of the law: the expected loss of stochastic gradient descent on a quadratic
 * whose curvatures fall as a power, `m <- (1 - lr h)^2 m + lr^2 h s` for each curvature h, diverging where it grows without
 * bound. The largest curvature grows with the model, and shrinks to its own as the run continues, so that warm-up helps.
 */
function run(
  family: Family,
  peak: number,
  steps: number,
  warmupSteps: number,
  parameters: number,
): ScheduleRun {
  const schedule = families[family](peak, steps, warmupSteps).description;
  const rate = families[family](peak, steps, warmupSteps);
  const sharp = 2 * (parameters / 1e6) ** 0.3;
  let diverged = false;
  const moments = Array.from({ length: 60 }, () => 1);
  for (let step = 1; step <= steps; step++) {
    const lr = rate(step);
    const early = 1 + 3 * Math.exp(-step / 15);
    for (let index = 0; index < moments.length; index++) {
      const h = sharp * (index + 1) ** -1.3 * (index === 0 ? early : 1);
      moments[index] = (1 - lr * h) ** 2 * moments[index]! + lr * lr * h * 0.5;
    }
    diverged ||= !(moments[0]! < 30);
  }
  const excess = moments.reduce((sum, m, index) => sum + sharp * (index + 1) ** -1.3 * m, 0) / 2;
  const loss = 2 + (parameters / 1e6) ** (-1 / 3) + excess;
  return { schedule, steps, parameters, tokens: steps * 512, diverged, loss: diverged ? null : loss };
}

function sweep(chosen: readonly Family[], parameters = 1e6, steps = 200): ScheduleRun[] {
  const peaks = [0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.8, 1.2];
  return chosen.flatMap((family) =>
    [5, 20, 60].flatMap((warmup) => peaks.map((peak) => run(family, peak, steps, warmup, parameters))),
  );
}

const fitted = [
  ...sweep(['cosine', 'decay', 'stable']),
  ...sweep(['cosine'], 4e6),
  ...sweep(['cosine'], 1e6, 100),
];
const heldOut = sweep(['linear']);
const larger = sweep(['linear', 'decay'], 4e6);
const fit = convergenceEscapeLaw.fit(fitted, { bootstrap: 0 });
const law = fit.predictor;
const baselines: Record<string, SchedulePredictor> = {
  'the sum of the rates': fitRateSumBaseline(fitted),
  'the peak': fitPeakBaseline(fitted),
};

describe('the convergence-escape law, fitted on a noisy quadratic', () => {
  it('predicts the loss of a family of schedules that it has not seen', () => {
    expect(fit.goodness.r2).toBeGreaterThan(0.95);
    const converged = heldOut.filter(({ diverged }) => !diverged);
    const errors = converged.map((each) => Math.abs(Math.log(law.predict(each).loss / each.loss!)));
    // A law of seven constants for sixty curvatures: a few percent.
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(0.03);
  });

  it('ranks the schedules of an unseen family, and of a larger model, better than the baselines', () => {
    for (const runs of [heldOut, larger]) {
      const own = topHitRate(law, runs);
      expect(own).toBeGreaterThan(0.95);
      for (const baseline of Object.values(baselines))
        expect(own).toBeGreaterThan(topHitRate(baseline, runs));
    }
  });

  it('predicts divergence, also that a longer warm-up avoids it', () => {
    const runs = [...heldOut, ...larger];
    const scores = divergenceScores(law, runs);
    expect(runs.filter(({ diverged }) => diverged).length).toBeGreaterThan(10);
    expect(scores.f1).toBeGreaterThan(0.95);
    for (const baseline of Object.values(baselines)) {
      expect(scores.f1).toBeGreaterThan(divergenceScores(baseline, runs).f1 + 0.05);
    }
    const risk = (warmupSteps: number) =>
      law.predict({
        schedule: linearWarmup({ peak: 0.6, warmupSteps }).description,
        steps: 200,
        parameters: 1e6,
        tokens: 102_400,
      }).divergence;
    expect(risk(3)).toBeGreaterThan(risk(60));
    expect(fit.constants.escape.p).toBeGreaterThan(0);
    expect(fit.constants.escape.q).toBeGreaterThan(0);
  });

  it('puts candidates that will diverge last, however low their loss would be', () => {
    const candidates = [1.2, 0.2, 0.01].map((peak) => run('linear', peak, 200, 5, 1e6));
    const ranked = rankSchedules(law, candidates);
    expect(ranked.map(({ candidate }) => candidates.indexOf(candidate))).toEqual([1, 2, 0]);
    expect(ranked[2]!.divergence).toBeGreaterThan(0.5);
  });

  it('takes a list of rates for what its description says', () => {
    const described = heldOut[7]!;
    const rates = Array.from({ length: 200 }, (_, index) => families.linear(1.2, 200, 5)(index + 1));
    expect(law.predict({ ...described, schedule: rates })).toEqual(law.predict(described));
  });
});

describe('scores', () => {
  const at = (loss: number, divergence = 0): SchedulePredictor => ({ predict: () => ({ loss, divergence }) });

  it('of divergence are those of a table worked by hand', () => {
    const predictor: SchedulePredictor = {
      predict: ({ tokens }) => ({ loss: 1, divergence: tokens > 3 ? 0.9 : 0.1 }),
    };
    const runs = [1, 2, 3, 4, 5, 6].map((tokens) => ({
      ...heldOut[0]!,
      tokens,
      diverged: tokens >= 5 || tokens === 1,
      loss: null,
    }));
    // Said: 4, 5, 6. Did: 1, 5, 6.
    expect(divergenceScores(predictor, runs)).toEqual({
      precision: 2 / 3,
      recall: 2 / 3,
      f1: 2 / 3,
      truePositives: 2,
      falsePositives: 1,
      falseNegatives: 1,
      trueNegatives: 2,
    });
    expect(divergenceScores(at(1), [runs[1]!])).toMatchObject({ precision: 1, recall: 1 });
  });

  it('of ranking are 1 for a predictor that knows, and chance for one that does not', () => {
    const runs = Array.from({ length: 12 }, (_, index) => ({
      schedule: [1, 1],
      parameters: 10,
      tokens: 5,
      diverged: false,
      loss: 3 + ((index * 5) % 12) / 10,
      index,
    }));
    const knows: SchedulePredictor = {
      predict: (each) => ({ loss: (each as (typeof runs)[0]).loss, divergence: 0 }),
    };
    expect(topHitRate(knows, runs)).toBe(1);
    const blind: SchedulePredictor = {
      predict: (each) => ({ loss: (each as (typeof runs)[0]).index, divergence: 0 }),
    };
    // Two of six at random: 1/3; the order here is shuffled by a fixed step only.
    expect(topHitRate(blind, runs, { draws: 2000 })).toBeGreaterThan(0.15);
    expect(topHitRate(blind, runs, { draws: 2000 })).toBeLessThan(0.75);
    expect(() => topHitRate(knows, runs, { candidates: 13 })).toThrow(
      'topHitRate: no size of model and data has 13 runs to choose among',
    );
  });
});

describe('unusable runs are refused with what would be right', () => {
  const good = fitted.find(({ diverged }) => !diverged)!;
  it.each<[object, string]>([
    [
      { steps: undefined },
      'runs[0]: steps must be a whole number of at least 1 with a description, got nothing',
    ],
    [{ parameters: -1 }, 'runs[0]: parameters must be a positive number, got -1'],
    [{ loss: null }, 'runs[0]: the loss of a run that did not diverge must be a positive number, got null'],
    [{ schedule: [1, 1], steps: 3 }, 'runs[0]: steps is 3, but the schedule lists 2 rates'],
    [{ schedule: [0, 0], steps: 2 }, 'runs[0]: needs a learning rate above 0 at some of its 2 steps'],
  ])('%#', (change, message) => {
    expect(() => convergenceEscapeLaw.fit([{ ...good, ...change } as ScheduleRun, ...fitted])).toThrow(
      `convergence-escape: ${message}`,
    );
  });

  it('and too few that converged', () => {
    expect(() => convergenceEscapeLaw.fit([good, good])).toThrow(
      'convergence-escape: needs at least 10 runs that did not diverge, got 2 of 2',
    );
  });
});
