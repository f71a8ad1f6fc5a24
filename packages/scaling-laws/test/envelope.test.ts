import { describe, expect, it } from 'vitest';
import { type Cell, type EnvelopeRow, envelopeLaw, Table } from '../src/index.ts';
import { lossOf, sizeExponent } from './known-surface.ts';

/** Curves of fourteen sizes, each to the same 700 tokens per parameter. */
function curves(): EnvelopeRow[] {
  return Array.from({ length: 14 }, (_, i) => 1e7 * 2 ** (i / 1.5)).flatMap((parameters, i) =>
    Array.from({ length: 40 }, (_, j) => {
      const tokens = 0.3 * parameters * 2 ** (j / 3.5);
      return { run: `run ${i}`, parameters, tokens, loss: lossOf(parameters, tokens) };
    }),
  );
}

describe('envelopeLaw', () => {
  it('recovers the true exponent of exact curves within 0.02', () => {
    const fit = envelopeLaw.fit(curves(), { bootstrap: 30 });
    expect(Math.abs(fit.constants.sizeExponent - sizeExponent)).toBeLessThan(0.02);
    const { low, high } = fit.parameters.find(({ name }) => name === 'sizeExponent')!.interval!;
    expect(low).toBeLessThan(sizeExponent);
    expect(high).toBeGreaterThan(sizeExponent);
    expect(fit.warnings).toEqual([]);
  });

  it('takes the run of lowest loss at each compute, never the smallest or the largest trained that far', () => {
    const { optima } = envelopeLaw.fit(curves(), { bootstrap: 0 });
    const sizes = [...new Set(curves().map(({ parameters }) => parameters))];
    for (const { flops, parameters, tokens } of optima) {
      expect(tokens / (flops / (6 * parameters))).toBeCloseTo(1, 9);
      const trained = sizes.filter((size) => {
        const ratio = flops / (6 * size * size);
        return ratio >= 0.3 && ratio <= 0.3 * 2 ** (39 / 3.5);
      });
      expect(parameters).toBeGreaterThan(trained[0]!);
      expect(parameters).toBeLessThan(trained.at(-1)!);
      const losses = trained.map((size) => lossOf(size, flops / (6 * size)));
      // Between logged points the curve is a line in logarithms, which lies above the true one by less than 1e-4.
      expect(lossOf(parameters, tokens)).toBeLessThan(Math.min(...losses) * (1 + 2e-4));
    }
  });

  it('refuses curves that cross nowhere, and runs without names', () => {
    const two = curves().filter(({ run }) => ['run 0', 'run 1'].includes(run));
    expect(() => envelopeLaw.fit(two)).toThrow('the lowest losses of 2 curves of 2 sizes are of 0 sizes');
    const table = Table.fromRows(
      'curves',
      curves().map(({ run: _, ...row }) => row),
    );
    expect(() => envelopeLaw.fit(table)).toThrow('there is no column "run" (name of the run)');
    expect(() => envelopeLaw.fit(curves(), { points: 2 })).toThrow(
      'points must be a whole number of at least 10, got 2',
    );
  });

  it('is the same from a table and after JSON', () => {
    const table = Table.fromRows('curves', curves() as unknown as Record<string, Cell>[]);
    const fit = envelopeLaw.fit(table, { bootstrap: 10, holdOut: { fraction: 0.2 } });
    expect(fit.holdOut!.worstRelativeError).toBeLessThan(0.3);
    expect(envelopeLaw.restore(JSON.parse(JSON.stringify(fit))).parameters).toEqual(fit.parameters);
    expect(fit.charts[0]!.series).toHaveLength(15);
  });
});
