import { describe, expect, it } from 'vitest';
import { lossContours } from '../../src/laws/su/contours.ts';
import type { SuRow } from '../../src/laws/su/coordinates.ts';
import { fitSu } from '../../src/laws/su/fit-su.ts';
import { monotoneCurve } from '../../src/laws/su/monotone-curve.ts';
import { estimateBatchTerm, estimateModelTerm, estimateStepTerm } from '../../src/laws/su/terms.ts';
import {
  criticalBatch,
  lossAt,
  minimumLoss,
  minimumSteps,
  type SuConstants,
} from '../../src/laws/su/trajectory.ts';
import { normalNumbers } from './noise.ts';

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
        const loss = lossAt(truth, { parameters, steps, batchTokens }) * Math.exp(noise * normal());
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
      loss: lossAt(truth, { ...row, batchTokens: Number.POSITIVE_INFINITY }),
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
      loss: lossAt(truth, { ...row, batchTokens: row.batchTokens / 1e4 }) * (row.loss / lossAt(truth, row)),
    }));
    const usual = lossContours(sweep({ noise: 0.01 })).length;
    expect(lossContours(small).length).toBeLessThan(usual / 2);
  });
});

describe('all terms together', () => {
  it('recover the truth from exact curves', () => {
    const { constants, goodness, warnings } = fitSu(sweep());
    for (const name of names) expect(constants[name] / truth[name]).toBeCloseTo(1, 6);
    expect(goodness.worstRelativeError).toBeLessThan(1e-8);
    expect(warnings).toEqual([]);
  });

  it('recover the truth within their intervals from curves with 1 % of noise', () => {
    const { constants, intervals, separate } = fitSu(sweep({ noise: 0.01 }), { bootstrap: 20 });
    for (const name of names) {
      // Twice the interval: 20 resamples bound it loosely, and six intervals of 95 % miss once in four.
      const { low, high } = intervals[name]!;
      const [middle, reach] = [Math.log(low * high) / 2, Math.log(high / low)];
      expect(Math.abs(Math.log(truth[name]) - middle)).toBeLessThan(reach);
      expect(Math.abs(Math.log(constants[name] / truth[name]))).toBeLessThan(name === 'Nc' ? 1 : 0.15);
    }
    expect(Math.abs(Math.log(separate.constants.alphaB / truth.alphaB))).toBeLessThan(0.15);
  });

  it('predict a model 30 times larger than any that was fitted', () => {
    const { constants } = fitSu(sweep({ noise: 0.003 }));
    const point = { parameters: 1e7, steps: 5000, batchTokens: 8192 };
    expect(Math.abs(lossAt(constants, point) / lossAt(truth, point) - 1)).toBeLessThan(0.03);
  });

  it('are not moved by a few wrong losses', () => {
    const rows = sweep({ noise: 0.002 }).map((row, index) =>
      index % 25 === 7 ? { ...row, loss: row.loss * 1.3 } : row,
    );
    const { constants } = fitSu(rows);
    for (const name of ['alphaN', 'alphaS', 'alphaB'] as const) {
      expect(Math.abs(constants[name] / truth[name] - 1)).toBeLessThan(0.06);
    }
  });

  it('use converged losses where there are some', () => {
    const converged = sizes.map((parameters) => ({ parameters, loss: minimumLoss(truth, parameters) }));
    const early = sweep().filter(({ steps }) => steps < 500);
    const { constants, separate } = fitSu(early, { converged });
    expect(separate.constants.alphaN).toBeCloseTo(truth.alphaN, 9);
    for (const name of names) expect(constants[name] / truth[name]).toBeCloseTo(1, 6);
  });

  it('say what the data lack', () => {
    const rows = sweep();
    expect(() => fitSu(rows.slice(0, 5))).toThrow('su: six constants need at least 12 rows, got 5');
    expect(() => fitSu(rows.filter(({ parameters }) => parameters === 25e3))).toThrow(
      'su: the rows have one model size only, so the exponent of the model size cannot be found',
    );
    expect(() => fitSu(rows.filter(({ batchTokens }) => batchTokens < 512))).toThrow(
      /^su: the critical batch needs a model trained with at least three batches/,
    );
    expect(() => fitSu([{ ...rows[0]!, loss: Number.NaN }, ...rows])).toThrow(
      'su: loss of row 1 must be a positive number, got NaN',
    );
    expect(() => fitSu(rows, { bootstraps: 3 } as never)).toThrow(/did you mean "bootstrap"/);
    const narrow = rows
      .filter(({ parameters }) => parameters < 200e3)
      .map((row) => (row.parameters === 98e3 ? { ...row, parameters: 26e3 } : row));
    expect(fitSu(narrow).warnings.join('\n')).toMatch(/parameters spans only a factor of 1\.0/);
  });
});

it('a noisy curve made to fall passes between what it pooled', () => {
  const curve = monotoneCurve([
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
