import { describe, expect, it } from 'vitest';
import { differentiated } from '../src/law/dual.ts';
import { linearStarts, searchLaw } from '../src/law/search.ts';

const truth = { E: 2, A: 3, alpha: 0.5 };
const rows = [1, 2, 4, 8, 16, 32, 64].map((x) => ({ x, loss: truth.E + truth.A * x ** -truth.alpha }));
/** E + A x^-alpha, with alpha on a plain scale. */
const law = {
  constants: { E: {}, A: {}, alpha: { scale: 'plain' } },
  predict: differentiated(({ x }: (typeof rows)[number], [E, A, alpha]) =>
    E!.exp().plus(A!.minus(alpha!.times(Math.log(x))).exp()),
  ),
  delta: 1e-3,
} as const;

describe('starts on a grid', () => {
  it('have the constants in which the loss is linear at their best, which is the truth where the grid has it', () => {
    const [wrong, right] = linearStarts(rows, law, { alpha: [0.1, 0.5] });
    expect(right!.alpha).toBe(0.5);
    expect(right!.E).toBeCloseTo(2, 9);
    expect(right!.A).toBeCloseTo(3, 9);
    // The least squares line through the losses over x^-0.1, whose intercept would be negative.
    expect(wrong!.E).toBeGreaterThan(0);
    expect(wrong!.alpha).toBe(0.1);
  });
});

describe('a search', () => {
  const starts = [0.1, 0.9].map((alpha) => ({ E: 1, A: 1, alpha }));

  it('finds the constants from far away, and those of a resample near them', () => {
    const { constants, again, objective, warnings } = searchLaw(rows, starts, law);
    for (const name of ['E', 'A', 'alpha'] as const) {
      expect(constants[name]).toBeCloseTo(truth[name], 5);
      expect(again([...rows.slice(2), ...rows.slice(0, 2)])[name]).toBeCloseTo(truth[name], 4);
    }
    expect(objective).toBeLessThan(1e-12);
    expect(warnings).toEqual([]);
  });

  it('starts from constants that another search sent to 0 or without bound', () => {
    const flat = rows.map(({ x }) => ({ x, loss: 2 }));
    const { constants } = searchLaw(flat, [{ E: 1.9, A: 0, alpha: 0.5 }], law);
    expect(constants.E).toBeCloseTo(2, 6);
    expect(() => searchLaw(rows, [{ E: Number.POSITIVE_INFINITY, A: 1, alpha: 0.5 }], law)).not.toThrow();
  });
});
