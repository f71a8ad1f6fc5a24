import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { centerOf, fromTerms, logLossAt, toTerms } from '../src/laws/su/search.ts';
import {
  criticalBatch,
  minimumLoss,
  minimumSteps,
  minimumTokens,
  type SuConstants,
  stepsToLoss,
  type TrainingPoint,
  tokensToLoss,
  trajectoryLoss,
} from '../src/laws/su/trajectory.ts';

const constants: SuConstants = { Nc: 2e9, alphaN: 0.12, Sc: 120, alphaS: 0.6, Bstar: 3e8, alphaB: 0.15 };
const kaplan: SuConstants = { Nc: 6.5e13, alphaN: 0.077, Sc: 2.1e3, alphaS: 0.76, Bstar: 2e8, alphaB: 0.21 };

const anyConstants = fc.record({
  Nc: fc.double({ min: 1e5, max: 1e15, noNaN: true }),
  alphaN: fc.double({ min: 0.03, max: 0.6, noNaN: true }),
  Sc: fc.double({ min: 1, max: 1e5, noNaN: true }),
  alphaS: fc.double({ min: 0.1, max: 2, noNaN: true }),
  Bstar: fc.double({ min: 1e2, max: 1e10, noNaN: true }),
  alphaB: fc.double({ min: 0.08, max: 2, noNaN: true }),
});
const anyPoint = fc.record({
  parameters: fc.double({ min: 1e3, max: 1e12, noNaN: true }),
  steps: fc.double({ min: 1, max: 1e7, noNaN: true }),
  batchTokens: fc.double({ min: 1, max: 1e9, noNaN: true }),
});

describe('the loss on the way', () => {
  it('is the one that mpmath finds with 30 digits', () => {
    const file = new URL('./fixtures/su-trajectory.json', import.meta.url);
    const points = JSON.parse(readFileSync(file, 'utf8')) as (TrainingPoint & {
      constants: SuConstants;
      loss: number;
    })[];
    expect(points.length).toBe(45);
    for (const { constants: own, loss, ...point } of points) {
      // Powers of float64 constants lose a few digits of 16.
      expect(Math.abs(trajectoryLoss(own, point) / loss - 1)).toBeLessThan(1e-13);
    }
  });

  it('solves its equation whatever the constants', () => {
    fc.assert(
      fc.property(anyConstants, anyPoint, (own, point) => {
        const loss = trajectoryLoss(own, point);
        const least = point.steps / (1 + criticalBatch(own, loss) / point.batchTokens);
        const right = (own.Nc / point.parameters) ** own.alphaN + (own.Sc / least) ** own.alphaS;
        // The right-hand side moves by (alphaS / alphaB) times the loss's rounding.
        expect(Math.abs(loss / right - 1)).toBeLessThan(1e-12);
      }),
      { seed: 1 },
    );
  });

  it('is the sum of two power laws at a boundless batch', () => {
    const loss = trajectoryLoss(kaplan, {
      parameters: 1e8,
      steps: 1e4,
      batchTokens: Number.POSITIVE_INFINITY,
    });
    expect(loss).toBeCloseTo((6.5e13 / 1e8) ** 0.077 + (2.1e3 / 1e4) ** 0.76, 12);
    expect(trajectoryLoss(kaplan, { parameters: 1e8, steps: 1e4, batchTokens: 1e15 })).toBeCloseTo(loss, 8);
  });

  it('depends at a vanishing batch on the tokens alone, by the closed form where alphaS = alphaB', () => {
    const equal = { ...constants, alphaS: 0.5, alphaB: 0.5 };
    const tokens = 5e7;
    // L = P + (Sc Bstar L^-2 / E)^0.5 is L^2 - P L - (Sc Bstar / E)^0.5 = 0.
    const model = minimumLoss(equal, 1e5);
    const expected = (model + Math.sqrt(model ** 2 + 4 * Math.sqrt((equal.Sc * equal.Bstar) / tokens))) / 2;
    for (const batchTokens of [1e-4, 1e-6]) {
      const loss = trajectoryLoss(equal, { parameters: 1e5, steps: tokens / batchTokens, batchTokens });
      expect(loss / expected).toBeCloseTo(1, 8);
    }
  });

  it('comes down to the minimum loss, and to the steps alone for a boundless model', () => {
    const end = { parameters: 1e6, steps: Number.POSITIVE_INFINITY, batchTokens: 512 };
    expect(trajectoryLoss(constants, end)).toBe(minimumLoss(constants, 1e6));
    const boundless = {
      parameters: Number.POSITIVE_INFINITY,
      steps: 500,
      batchTokens: Number.POSITIVE_INFINITY,
    };
    expect(trajectoryLoss(constants, boundless)).toBeCloseTo((120 / 500) ** 0.6, 13);
    expect(trajectoryLoss(constants, { ...boundless, steps: Number.POSITIVE_INFINITY })).toBe(0);
  });

  it('says what is wrong with a point', () => {
    expect(() => trajectoryLoss(constants, { parameters: 1e6, steps: 0, batchTokens: 512 })).toThrow(
      'su: steps must be a positive number, got 0',
    );
    expect(() => trajectoryLoss(constants, { parameters: 1e6, steps: 10, batchTokens: -1 })).toThrow(
      'su: batchTokens must be a positive number, got -1',
    );
  });
});

describe('the way to a loss', () => {
  it('takes the steps after which the loss is there', () => {
    fc.assert(
      fc.property(anyConstants, anyPoint, (own, point) => {
        const loss = trajectoryLoss(own, point);
        // Close to the minimum the steps are lost in the rounding of the loss.
        fc.pre(loss > 1.001 * minimumLoss(own, point.parameters));
        const { parameters, batchTokens } = point;
        expect(stepsToLoss(own, { parameters, loss, batchTokens }) / point.steps).toBeCloseTo(1, 7);
      }),
      { seed: 2 },
    );
  });

  it('trades steps for tokens on the hyperbola (S / Smin - 1) (E / Emin - 1) = 1', () => {
    for (const batchTokens of [10, 1e3, 1e5]) {
      const goal = { parameters: 1e6, loss: 4, batchTokens };
      const steps = stepsToLoss(constants, goal);
      const tokens = tokensToLoss(constants, goal);
      expect(tokens).toBeCloseTo(steps * batchTokens, 4);
      const product =
        (steps / minimumSteps(constants, goal) - 1) * (tokens / minimumTokens(constants, goal) - 1);
      expect(product).toBeCloseTo(1, 9);
    }
  });

  it('takes twice the fewest steps and twice the fewest tokens at the critical batch', () => {
    const goal = { parameters: 1e6, loss: 4, batchTokens: criticalBatch(constants, 4) };
    expect(stepsToLoss(constants, goal)).toBeCloseTo(2 * minimumSteps(constants, goal), 8);
    expect(tokensToLoss(constants, goal)).toBeCloseTo(2 * minimumTokens(constants, goal), 4);
  });

  it('has a critical batch that about doubles for 13 % less loss, as Kaplan et al. say of theirs', () => {
    expect(criticalBatch(kaplan, 0.87 * 3) / criticalBatch(kaplan, 3)).toBeCloseTo(2, 0);
  });

  it('does not exist where the model never comes down to the loss', () => {
    expect(() => minimumSteps(constants, { parameters: 1e6, loss: 2 })).toThrow(
      'su: a model of 1000000 parameters comes down to a loss of 2.48957 by this law, so it never reaches 2',
    );
  });
});

describe('the terms at the center that a fit searches for', () => {
  const rows = [
    { parameters: 2e4, steps: 40, batchTokens: 256, loss: 7 },
    { parameters: 3e5, steps: 900, batchTokens: 2048, loss: 4 },
  ];
  const center = centerOf(rows);
  const terms = toTerms(constants, center);
  const order = [
    ...(["the model's term", 'alphaN', "the steps' term"] as const),
    ...(['alphaS', 'the critical batch', 'alphaB'] as const),
  ];
  const point = Float64Array.from(order, (name) => Math.log(terms[name]));

  it('say the same as the constants', () => {
    const back = fromTerms(terms, center);
    for (const name of ['Nc', 'alphaN', 'Sc', 'alphaS', 'Bstar', 'alphaB'] as const) {
      expect(back[name] / constants[name]).toBeCloseTo(1, 12);
    }
    for (const row of rows) {
      const logLoss = logLossAt(row, point, new Float64Array(6), center);
      expect(logLoss).toBeCloseTo(Math.log(trajectoryLoss(constants, row)), 13);
    }
  });

  it('have the derivatives that central differences find', () => {
    const [gradient, ignored] = [new Float64Array(6), new Float64Array(6)];
    const step = 1e-5;
    for (const row of [
      ...rows,
      { ...rows[0]!, batchTokens: 10 },
      { ...rows[0]!, steps: Number.POSITIVE_INFINITY },
    ]) {
      logLossAt(row, point, gradient, center);
      for (let index = 0; index < 6; index += 1) {
        const at = (move: number) => logLossAt(row, point.with(index, point[index]! + move), ignored, center);
        // The error of central differences is about step^2, and 1e-16 / step of rounding.
        expect(gradient[index]).toBeCloseTo((at(step) - at(-step)) / (2 * step), 8);
      }
    }
  });
});
