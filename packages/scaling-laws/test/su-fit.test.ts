import { describe, expect, it } from 'vitest';
import { fallingCurve, lossContours } from '../src/laws/su/contours.ts';
import type { SuRow } from '../src/laws/su/search.ts';
import { estimateBatchTerm, estimateModelTerm, estimateStepTerm } from '../src/laws/su/terms.ts';
import {
  criticalBatch,
  minimumLoss,
  minimumSteps,
  type SuConstants,
  trajectoryLoss,
} from '../src/laws/su/trajectory.ts';
import { suLaw } from '../src/laws/su.ts';
import { Table } from '../src/table/table.ts';
import { normalNumbers } from './normal-numbers.ts';

const truth: SuConstants = { Nc: 2e9, alphaN: 0.12, Sc: 120, alphaS: 0.6, Bstar: 3e8, alphaB: 0.15 };
const sizes = [25e3, 98e3, 330e3];
const batches = [128, 256, 512, 1024, 2048, 4096];

/** Loss curves of every size and batch, with noise in the log of the loss. */
function sweep({ noise = 0, seed = 1, points = 14 } = {}): SuRow[] {
  const normal = normalNumbers(seed);
  return sizes.flatMap((parameters) =>
    batches.flatMap((batchTokens) =>
      Array.from({ length: points }, (_, index) => {
        const steps = Math.round(30 * 50 ** (index / (points - 1)));
        const loss = trajectoryLoss(truth, { parameters, steps, batchTokens }) * Math.exp(noise * normal());
        return { parameters, steps, batchTokens, loss, run: `${parameters}-${batchTokens}` };
      }),
    ),
  );
}

const names = ['Nc', 'alphaN', 'Sc', 'alphaS', 'Bstar', 'alphaB'] as const;

describe('each term by itself', () => {
  it('finds Nc and alphaN from converged losses', () => {
    const converged = [1e5, 1e6, 1e7].map((parameters) => ({
      parameters,
      loss: minimumLoss(truth, parameters),
    }));
    const { Nc, alphaN } = estimateModelTerm(converged);
    expect(Nc / truth.Nc).toBeCloseTo(1, 9);
    expect(alphaN).toBeCloseTo(truth.alphaN, 12);
    expect(() =>
      estimateModelTerm(converged.map(({ parameters, loss }) => ({ parameters, loss: 1 / loss }))),
    ).toThrow(/^su: the loss does not fall with the model size/);
  });

  it('finds Sc and alphaS from curves of batches that are boundless, or large enough to correct', () => {
    const boundless = sweep().map((row) => ({
      ...row,
      batchTokens: Number.POSITIVE_INFINITY,
      loss: trajectoryLoss(truth, { ...row, batchTokens: Number.POSITIVE_INFINITY }),
    }));
    for (const { Sc, alphaS } of [
      estimateStepTerm(boundless, truth),
      estimateStepTerm(sweep(), truth, truth),
    ]) {
      expect(Sc / truth.Sc).toBeCloseTo(1, 6);
      expect(alphaS).toBeCloseTo(truth.alphaS, 6);
    }
    // Taking the steps of every batch for those of a boundless one makes them look slow.
    expect(estimateStepTerm(sweep(), truth).Sc).toBeGreaterThan(2 * truth.Sc);
  });

  it('finds Bstar and alphaB from contours of equal loss', () => {
    // Straight lines between 14 points of a curve are off by up to a percent of its steps.
    const { Bstar, alphaB, contours } = estimateBatchTerm(sweep());
    expect(alphaB / truth.alphaB).toBeCloseTo(1, 1.5);
    expect(contours.length).toBe(24);
    for (const { loss, parameters, ...contour } of contours) {
      expect(Math.abs(contour.criticalBatch / criticalBatch(truth, loss) - 1)).toBeLessThan(0.03);
      expect(Math.abs(contour.minimumSteps / minimumSteps(truth, { parameters, loss }) - 1)).toBeLessThan(
        0.03,
      );
    }
    expect(criticalBatch({ Bstar, alphaB }, 5) / criticalBatch(truth, 5)).toBeCloseTo(1, 1.5);
  });

  it('takes no contour from batches that are all far below the critical one', () => {
    const small = sweep({ noise: 0.01 }).map((row) => ({
      ...row,
      batchTokens: row.batchTokens / 1e4,
      loss:
        trajectoryLoss(truth, { ...row, batchTokens: row.batchTokens / 1e4 }) *
        (row.loss / trajectoryLoss(truth, row)),
    }));
    const usual = lossContours(sweep({ noise: 0.01 })).length;
    expect(lossContours(small).length).toBeLessThan(usual / 2);
  });
});

describe('all terms together', () => {
  it('recover the truth from exact curves', () => {
    const { constants, goodness, warnings } = suLaw.fit(sweep(), { bootstrap: 0 });
    for (const name of names) expect(constants[name] / truth[name]).toBeCloseTo(1, 6);
    expect(goodness.worstRelativeError).toBeLessThan(1e-8);
    expect(warnings).toEqual([
      "2 constants of the model's term are fitted on 3 sizes, which leaves 1 to judge them by: " +
        'with fewer than 4 do not trust them outside of these sizes',
    ]);
  });

  it('recover the truth within their intervals from curves with 1 % of noise', () => {
    const { constants, parameters, separate } = suLaw.fit(sweep({ noise: 0.01 }), { bootstrap: 20 });
    for (const name of names) {
      // Twice the interval: 20 resamples bound it loosely, and six intervals of 95 % miss once in four.
      const { low, high } = parameters.find((estimate) => estimate.name === name)!.interval!;
      const [middle, reach] = [Math.log(low * high) / 2, Math.log(high / low)];
      expect(Math.abs(Math.log(truth[name]) - middle)).toBeLessThan(reach);
      expect(Math.abs(Math.log(constants[name] / truth[name]))).toBeLessThan(name === 'Nc' ? 1 : 0.15);
    }
    expect(Math.abs(Math.log(separate.constants.alphaB / truth.alphaB))).toBeLessThan(0.15);
  });

  it('predict a model 30 times larger than any that was fitted', () => {
    const { constants } = suLaw.fit(sweep({ noise: 0.003 }), { bootstrap: 0 });
    const point = { parameters: 1e7, steps: 5000, batchTokens: 8192 };
    expect(Math.abs(trajectoryLoss(constants, point) / trajectoryLoss(truth, point) - 1)).toBeLessThan(0.03);
  });

  it('are not moved by a few wrong losses', () => {
    const rows = sweep({ noise: 0.002 }).map((row, index) =>
      index % 25 === 7 ? { ...row, loss: row.loss * 1.3 } : row,
    );
    const { constants } = suLaw.fit(rows, { bootstrap: 0 });
    for (const name of ['alphaN', 'alphaS', 'alphaB'] as const) {
      expect(Math.abs(constants[name] / truth[name] - 1)).toBeLessThan(0.06);
    }
  });

  it('use converged losses where there are some', () => {
    const converged = sizes.map((parameters) => ({ parameters, loss: minimumLoss(truth, parameters) }));
    const early = sweep().filter(({ steps }) => steps < 500);
    const { constants, separate } = suLaw.fit(early, { converged, bootstrap: 0 });
    expect(separate.constants.alphaN).toBeCloseTo(truth.alphaN, 9);
    for (const name of names) expect(constants[name] / truth[name]).toBeCloseTo(1, 6);
  });

  it('say what the data lack', () => {
    const rows = sweep();
    expect(() => suLaw.fit(rows.slice(0, 5))).toThrow('su: six constants need at least 12 rows, got 5');
    expect(() => suLaw.fit(rows.filter(({ parameters }) => parameters === 25e3))).toThrow(
      'su: the rows have one model size only, so the exponent of the model size cannot be found',
    );
    expect(() => suLaw.fit(rows.filter(({ batchTokens }) => batchTokens < 512))).toThrow(
      /^su: the critical batch needs a model trained with at least three batches/,
    );
    expect(() => suLaw.fit([{ ...rows[0]!, loss: Number.NaN }, ...rows])).toThrow(
      /^su: loss of row 1 must be a positive number, got NaN; leave out runs that diverged$/,
    );
    expect(() => suLaw.fit([...rows, { ...rows[0]!, steps: 0 }])).toThrow(
      new RegExp(`^su: steps of row ${rows.length + 1} must be a positive number, got 0$`),
    );
    expect(() => suLaw.fit(rows, { bootstraps: 3 } as never)).toThrow(/did you mean "bootstrap"/);
    const narrow = rows
      .filter(({ parameters }) => parameters < 200e3)
      .map((row) => (row.parameters === 98e3 ? { ...row, parameters: 26e3 } : row));
    expect(suLaw.fit(narrow, { bootstrap: 0 }).warnings.join('\n')).toMatch(
      /parameters spans only a factor of 1\.0/,
    );
  });
});

describe('a fit', () => {
  const fit = suLaw.fit(sweep({ noise: 0.005 }), { bootstrap: 10, holdOut: { fraction: 0.06 } });
  const asked = { parameters: 98e3, steps: 400, batchTokens: 1024 };

  it('predicts a loss with an interval that holds the truth', () => {
    const { values, warnings } = fit.predict(asked);
    const [loss, critical, least] = values;
    expect(values.map(({ name, unit }) => `${name} ${unit}`)).toEqual([
      'loss nats/token',
      'criticalBatch tokens',
      'minimumLoss nats/token',
    ]);
    expect(trajectoryLoss(truth, asked)).toBeGreaterThan(loss!.low!);
    expect(trajectoryLoss(truth, asked)).toBeLessThan(loss!.high!);
    // The interval is of a measurement, so it is no narrower than the noise of one.
    expect(Math.log(loss!.high! / loss!.low!)).toBeGreaterThan(2 * 1.96 * 0.0045);
    expect(critical!.value).toBeCloseTo(criticalBatch(fit.constants, loss!.value), 6);
    expect(least!.value).toBe(minimumLoss(fit.constants, asked.parameters));
    expect(warnings).toEqual([]);
  });

  it('predicts the way to a loss, with a batch or the shortest', () => {
    const goal = { parameters: 98e3, loss: 5 };
    const named = (query: Record<string, number>) =>
      Object.fromEntries(fit.predict(query).values.map(({ name, value }) => [name, value]));
    const { steps, tokens } = named({ ...goal, batchTokens: 512 }) as { steps: number; tokens: number };
    expect(trajectoryLoss(fit.constants, { parameters: 98e3, steps, batchTokens: 512 })).toBeCloseTo(5, 9);
    expect(tokens / steps).toBeCloseTo(512, 6);
    const least = named(goal) as { minimumSteps: number; minimumTokens: number };
    expect(least.minimumSteps).toBeLessThan(steps);
    expect(least.minimumTokens).toBeLessThan(tokens);
    const { settings, expected } = fit.suggest(goal);
    expect(settings[0]!.value).toBeCloseTo(criticalBatch(fit.constants, 5), 6);
    expect(expected[0]!.value).toBeCloseTo(2 * least.minimumSteps, 6);
    expect(named({ parameters: 98e3 })).toEqual({ minimumLoss: minimumLoss(fit.constants, 98e3) });
  });

  it('keeps the runs of most compute out, whole, and is tested on them', () => {
    const { holdOut, goodness } = fit;
    expect(holdOut!.points).toBe(14);
    expect(goodness.points).toBe(252 - 14);
    expect(holdOut!.smallestHeldOut).toBeLessThan(holdOut!.largestFitted!);
    expect(holdOut!.largestHeldOut).toBeCloseTo(6 * 330e3 * 1500 * 4096, -3);
    expect(holdOut!.rootMeanSquareLogError).toBeLessThan(0.015);
  });

  it('says when it is asked outside of its data, and what it cannot answer', () => {
    expect(fit.predict({ ...asked, parameters: 3.3e6 }).warnings).toEqual([
      '3.3e+6 parameters are 10 times the most fitted on',
    ]);
    expect(() => fit.predict({ ...asked, loss: 4 })).toThrow('su: ask with steps or with loss, not both');
    expect(() => fit.predict({ parameters: 1e5, steps: 100 })).toThrow(/depends on batchTokens too/);
    expect(() => fit.predict({ parameters: 1e5, loss: 1 })).toThrow(/so it never reaches 1$/);
    expect(() => fit.predict({ parameters: 1e5, step: 1 })).toThrow(/did you mean "steps"/);
  });

  it('comes back from JSON, and draws finite charts', () => {
    const again = suLaw.restore(JSON.parse(JSON.stringify(fit)));
    expect(again.predict(asked)).toEqual(fit.predict(asked));
    expect(again.parameters).toEqual(fit.parameters);
    expect(() => suLaw.restore({ law: 'chinchilla' })).toThrow(/not a saved fit of su/);
    expect(fit.charts.map(({ kind }) => kind)).toEqual(['fit', 'residuals', 'extrapolation']);
    for (const { series } of fit.charts) {
      for (const drawn of series) {
        const ys = 'y' in drawn ? drawn.y : [];
        expect(ys.length).toBe(drawn.x.length);
        expect([...drawn.x, ...ys].every(Number.isFinite), drawn.name).toBe(true);
      }
    }
  });

  it('is made from a table by the law, whose names of columns it knows', () => {
    const rows = sweep();
    const table = Table.fromRows(
      'sweep.csv',
      rows.map(({ parameters, steps, batchTokens, loss, run }) => ({
        N: parameters,
        step: steps,
        B: batchTokens,
        loss,
        run,
      })),
    );
    const { constants, goodness } = suLaw.fit(table, { bootstrap: 0, fromStep: 40 });
    expect(goodness.points).toBe(rows.filter(({ steps }) => steps >= 40).length);
    expect(goodness.points).toBeLessThan(rows.length);
    expect(constants.alphaN).toBeCloseTo(truth.alphaN, 6);
    expect(() => suLaw.fit(table, { fromSteps: 40 } as never)).toThrow(/did you mean "fromStep"/);
    expect(() => suLaw.fit(table.where((row) => row.B === 128))).toThrow(/column B is constant \(128\)/);
  });
});

it('a noisy curve made to fall passes between what it pooled', () => {
  const curve = fallingCurve([
    { steps: 1, loss: Math.exp(4) },
    { steps: Math.E, loss: Math.exp(2) },
    { steps: Math.E ** 2, loss: Math.exp(3) },
    { steps: Math.E ** 4, loss: Math.exp(1) },
  ]);
  expect(curve.highest).toBeCloseTo(4, 12);
  expect(curve.lowest).toBeCloseTo(1, 12);
  expect(curve.logStepsTo(2.5)).toBeCloseTo(1.5, 12);
  expect(curve.logStepsTo(1.75)).toBeCloseTo(2.75, 12);
  expect(curve.logStepsTo(4.1)).toBeNaN();
});
