import { describe, expect, it } from 'vitest';
import { akima } from '../src/fitting/akima.ts';
import { type Cell, envelopeLaw, type IsoflopRow, isoflopLaw, Table } from '../src/index.ts';
import reference from './fixtures/fitting.json';
import { bestSize, lossOf, sizeExponent, truth } from './known-surface.ts';

/** Seven budgets of nine sizes, from a fifth to five times a size that is not exactly the best one. */
function sweep(offset = 1.3): (IsoflopRow & { flops: number })[] {
  return [1e17, 3e17, 1e18, 3e18, 1e19, 3e19, 1e20].flatMap((flops) =>
    Array.from({ length: 9 }, (_, index) => {
      const parameters = offset * bestSize(flops) * 25 ** (index / 8 - 0.5);
      const tokens = flops / (6 * parameters);
      return { parameters, tokens, flops, loss: lossOf(parameters, tokens) };
    }),
  );
}

describe('akima', () => {
  it.each(reference.akima)("agrees with SciPy's interpolation through $x.length points to 1e-12", (known) => {
    const curve = akima(known.x, known.y);
    known.at.forEach((place, index) => {
      expect(curve(place)).toBeCloseTo(known.values[index]!, 12);
    });
  });

  it('goes through two points in a line', () => {
    expect(akima([1, 3], [2, 6])(2)).toBeCloseTo(4, 14);
  });
});

describe('isoflopLaw', () => {
  it('recovers the true exponents of exact losses within 0.01, and their optima within 6 %', () => {
    const fit = isoflopLaw.fit(sweep());
    expect(Math.abs(fit.constants.sizeExponent - sizeExponent)).toBeLessThan(0.01);
    expect(fit.constants.sizeExponent + fit.constants.tokenExponent).toBeCloseTo(1, 6);
    for (const { flops, parameters, tokens, loss } of fit.optima) {
      expect(Math.abs(parameters / bestSize(flops) - 1)).toBeLessThan(0.06);
      expect(tokens / (flops / (6 * parameters))).toBeCloseTo(1, 2);
      expect(loss).toBeCloseTo(lossOf(bestSize(flops), flops / (6 * bestSize(flops))), 3);
    }
    const { low, high } = fit.parameters.find(({ name }) => name === 'sizeExponent')!.interval!;
    expect(low).toBeLessThan(sizeExponent);
    expect(high).toBeGreaterThan(sizeExponent);
    expect(fit.warnings).toEqual([]);
  });

  it('recovers the loss along the optima: E, and the exponent alpha beta / (alpha + beta)', () => {
    const { loss } = isoflopLaw.fit(sweep(1), { bootstrap: 0, curve: 'akima' }).constants;
    expect(loss.E).toBeCloseTo(truth.E, 2);
    expect(loss.alpha).toBeCloseTo((truth.alpha * truth.beta) / (truth.alpha + truth.beta), 2);
  });

  it('puts a parabola through the losses when told to', () => {
    // On losses that are exact parabolas of log N the vertex is exact.
    const rows = [1e18, 1e19, 1e20, 1e21].flatMap((flops) =>
      [-1, -0.3, 0.2, 0.7, 1.4].map((x) => {
        const parameters = 0.1 * flops ** 0.5 * Math.exp(x);
        return { parameters, tokens: flops / (6 * parameters), flops, loss: 3 + 0.1 * (x - 0.25) ** 2 };
      }),
    );
    const fit = isoflopLaw.fit(rows, { curve: 'parabola', bootstrap: 0 });
    expect(fit.constants.sizeExponent).toBeCloseTo(0.5, 9);
    expect(fit.constants.sizeCoefficient).toBeCloseTo(0.1 * Math.exp(0.25), 9);
    expect(fit.optima[0]!.loss).toBeCloseTo(3, 9);
  });

  it('leaves out a budget whose minimum is at an edge, and says so', () => {
    const rows = sweep().filter(({ flops, parameters }) => flops !== 1e18 || parameters > bestSize(1e18) * 2);
    const fit = isoflopLaw.fit(rows, { bootstrap: 50 });
    expect(fit.optima).toHaveLength(6);
    expect(fit.warnings).toEqual([
      'the budget of 1.00e+18 FLOPs is left out: the lowest loss is at the smallest size: smaller ones are needed',
    ]);
    const larger = sweep().filter(({ flops, parameters }) => flops !== 1e18 || parameters < bestSize(1e18));
    expect(isoflopLaw.fit(larger, { bootstrap: 0 }).warnings[0]).toMatch(
      'at the largest size: larger ones are needed',
    );
    const few = sweep().filter(({ flops }, index) => flops !== 1e18 || index % 9 < 2);
    expect(isoflopLaw.fit(few, { bootstrap: 0 }).warnings[0]).toMatch('2 sizes are too few for a curve');
  });

  it('leaves out a budget whose minimum drowns in noise', () => {
    const rows = sweep();
    // A flat curve: with noise its minimum is anywhere, at an edge in more than two of nine places.
    const flat = rows.map((row) => (row.flops === 1e19 ? { ...row, loss: row.loss * 1e-3 + 2.7 } : row));
    const edges = flat.filter((row, index) => row.flops !== 1e19 || [3, 4, 5].includes(index % 9));
    expect(isoflopLaw.fit(edges, { bootstrap: 200, noise: 0.05 }).warnings[0]).toMatch(
      'with noise added, the lowest loss is at the smallest or largest size more often than not',
    );
  });

  it('takes runs of almost equal compute for one budget, and of each size the best', () => {
    const jittered = sweep().flatMap(({ flops, ...row }, index) => {
      const tokens = row.tokens * (1 + 0.01 * Math.sin(index));
      return [
        { ...row, tokens },
        { ...row, tokens, loss: row.loss + 0.1 },
      ];
    });
    const fit = isoflopLaw.fit(jittered, { bootstrap: 0 });
    expect(fit.optima).toHaveLength(7);
    expect(Math.abs(fit.constants.sizeExponent - sizeExponent)).toBeLessThan(0.02);
  });

  it('gives the same numbers from the same seed, whatever the other budgets are', () => {
    const optimumAt = (rows: IsoflopRow[], seed: number) =>
      isoflopLaw.fit(rows, { bootstrap: 50, seed, noise: 0.02 }).optima.find(({ flops }) => flops === 1e19)!;
    const without = sweep().filter(({ flops }) => flops !== 3e17);
    expect(optimumAt(sweep(), 1)).toEqual(optimumAt(without, 1));
    expect(optimumAt(sweep(), 1)).not.toEqual(optimumAt(sweep(), 2));
  });

  it('predicts held-out budgets', () => {
    const { holdOut, optima } = isoflopLaw.fit(sweep(), { bootstrap: 0, holdOut: { above: 1e19 } });
    expect(optima).toHaveLength(5);
    expect(holdOut).toMatchObject({
      points: 2,
      quantity: 'parameters',
      largestFitted: 1e19,
      largestHeldOut: 1e20,
    });
    expect(holdOut!.worstRelativeError).toBeLessThan(0.1);
  });

  it('refuses too few budgets, saying what became of each, and wrong options', () => {
    const two = sweep().filter(({ flops }) => flops <= 3e17);
    expect(() => isoflopLaw.fit(two)).toThrow('2 budgets with a minimum are too few for a line');
    const edge = sweep().filter(({ flops, parameters }) => flops <= 1e18 && parameters > 2 * bestSize(flops));
    expect(() => isoflopLaw.fit(edge)).toThrow('(1.00e+17 FLOPs: the lowest loss is at the smallest size');
    expect(() => isoflopLaw.fit(sweep(), { curve: 'cubic' } as never)).toThrow(
      'curve must be "akima" or "parabola", got "cubic" (string)',
    );
    expect(() => isoflopLaw.fit(sweep(), { noise: -1 })).toThrow('noise must be a positive number, got -1');
    expect(() => isoflopLaw.fit(sweep(), { budgets: 3 } as object)).toThrow('unknown option "budgets"');
  });

  it('suggests a size and tokens, from a table and after JSON, too', () => {
    const rows = sweep();
    const table = Table.fromRows('sweep', rows as unknown as Record<string, Cell>[]);
    const fit = isoflopLaw.fit(table, { bootstrap: 50, noise: 0.005 });
    const { settings, expected, warnings } = fit.suggest({ flops: 1e21 });
    expect(settings.map(({ name }) => name)).toEqual(['parameters', 'tokens']);
    expect(Math.abs(settings[0]!.value / bestSize(1e21) - 1)).toBeLessThan(0.1);
    expect(settings[0]!.low).toBeLessThan(settings[0]!.value);
    expect(expected[0]!.value).toBeCloseTo(lossOf(bestSize(1e21), 1e21 / (6 * bestSize(1e21))), 1);
    expect(warnings).toEqual(['1.0e+21 FLOPs are 10 times the most fitted on']);
    const again = isoflopLaw.restore(JSON.parse(JSON.stringify(fit)));
    expect(again.predict({ flops: 1e20 })).toEqual(fit.predict({ flops: 1e20 }));
    expect(again.charts).toEqual(fit.charts);
    expect(fit.charts.map(({ kind }) => kind)).toEqual(['fit', 'residuals', 'extrapolation']);
    expect(() => envelopeLaw.restore(JSON.parse(JSON.stringify(fit)))).toThrow('not a saved fit of envelope');
    expect(() => fit.predict({ flops: -1 })).toThrow('must be a positive number, got -1');
  });
});
