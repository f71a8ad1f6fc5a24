import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Cell,
  type EnvelopeRow,
  envelopeLaw,
  fitEnvelope,
  fitIsoflop,
  fitPowerLaw,
  type IsoflopOptions,
  type IsoflopRow,
  isoflopLaw,
  Table,
  tableFromCsv,
} from '../src/index.ts';
import { akima } from '../src/laws/isoflop/akima.ts';
import reference from './fixtures/fitting.json';

// Best size at a compute: G (C/6)^(beta/(alpha+beta)), with the constants of Hoffmann et al. 2022.
const truth = { A: 406.4, B: 410.7, E: 1.69, alpha: 0.34, beta: 0.28 };
const sizeExponent = truth.beta / (truth.alpha + truth.beta);

function lossOf(parameters: number, tokens: number): number {
  return truth.E + truth.A / parameters ** truth.alpha + truth.B / tokens ** truth.beta;
}

function bestSize(flops: number): number {
  const balance = ((truth.alpha * truth.A) / (truth.beta * truth.B)) ** (1 / (truth.alpha + truth.beta));
  return balance * (flops / 6) ** sizeExponent;
}

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

const estimate = (
  fit: { parameters: readonly { name: string; value: number; interval?: { low: number; high: number } }[] },
  name: string,
) => fit.parameters.find((parameter) => parameter.name === name)!;

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

describe('fitIsoflop', () => {
  it('recovers the true exponents of exact losses within 0.01, and their optima within 6 %', () => {
    const fit = fitIsoflop(sweep());
    expect(Math.abs(fit.constants.sizeExponent - sizeExponent)).toBeLessThan(0.01);
    expect(fit.constants.sizeExponent + fit.constants.tokenExponent).toBeCloseTo(1, 6);
    for (const { flops, parameters, tokens, loss } of fit.optima) {
      expect(Math.abs(parameters / bestSize(flops) - 1)).toBeLessThan(0.06);
      expect(tokens / (flops / (6 * parameters))).toBeCloseTo(1, 2);
      expect(loss).toBeCloseTo(lossOf(bestSize(flops), flops / (6 * bestSize(flops))), 3);
    }
    const { low, high } = estimate(fit, 'sizeExponent').interval!;
    expect(low).toBeLessThan(sizeExponent);
    expect(high).toBeGreaterThan(sizeExponent);
    expect(fit.warnings).toEqual([]);
  });

  it('recovers the loss along the optima: E, and the exponent alpha beta / (alpha + beta)', () => {
    const { loss } = fitIsoflop(sweep(1), { bootstrap: 0, curve: 'akima' }).constants;
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
    const fit = fitIsoflop(rows, { curve: 'parabola', bootstrap: 0 });
    expect(fit.constants.sizeExponent).toBeCloseTo(0.5, 9);
    expect(fit.constants.sizeCoefficient).toBeCloseTo(0.1 * Math.exp(0.25), 9);
    expect(fit.optima[0]!.loss).toBeCloseTo(3, 9);
  });

  it('leaves out a budget whose minimum is at an edge, and says so', () => {
    const rows = sweep().filter(({ flops, parameters }) => flops !== 1e18 || parameters > bestSize(1e18) * 2);
    const fit = fitIsoflop(rows, { bootstrap: 50 });
    expect(fit.optima).toHaveLength(6);
    expect(fit.warnings).toEqual([
      'the budget of 1.00e+18 FLOPs is left out: the lowest loss is at the smallest size: smaller ones are needed',
    ]);
    const larger = sweep().filter(({ flops, parameters }) => flops !== 1e18 || parameters < bestSize(1e18));
    expect(fitIsoflop(larger, { bootstrap: 0 }).warnings[0]).toMatch(
      'at the largest size: larger ones are needed',
    );
    const few = sweep().filter(({ flops }, index) => flops !== 1e18 || index % 9 < 2);
    expect(fitIsoflop(few, { bootstrap: 0 }).warnings[0]).toMatch('2 sizes are too few for a curve');
  });

  it('leaves out a budget whose minimum drowns in noise', () => {
    const rows = sweep();
    // A flat curve: with noise its minimum is anywhere, at an edge in more than two of nine places.
    const flat = rows.map((row) => (row.flops === 1e19 ? { ...row, loss: row.loss * 1e-3 + 2.7 } : row));
    const edges = flat.filter((row, index) => row.flops !== 1e19 || [3, 4, 5].includes(index % 9));
    expect(fitIsoflop(edges, { bootstrap: 200, noise: 0.05 }).warnings[0]).toMatch(
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
    const fit = fitIsoflop(jittered, { bootstrap: 0 });
    expect(fit.optima).toHaveLength(7);
    expect(Math.abs(fit.constants.sizeExponent - sizeExponent)).toBeLessThan(0.02);
  });

  it('gives the same numbers from the same seed, whatever the other budgets are', () => {
    const optimumAt = (rows: IsoflopRow[], seed: number) =>
      fitIsoflop(rows, { bootstrap: 50, seed, noise: 0.02 }).optima.find(({ flops }) => flops === 1e19)!;
    const without = sweep().filter(({ flops }) => flops !== 3e17);
    expect(optimumAt(sweep(), 1)).toEqual(optimumAt(without, 1));
    expect(optimumAt(sweep(), 1)).not.toEqual(optimumAt(sweep(), 2));
  });

  it('predicts held-out budgets', () => {
    const { holdOut, optima } = fitIsoflop(sweep(), { bootstrap: 0, holdOut: { above: 1e19 } });
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
    expect(() => fitIsoflop(two)).toThrow('2 budgets with a minimum are too few for a line');
    const edge = sweep().filter(({ flops, parameters }) => flops <= 1e18 && parameters > 2 * bestSize(flops));
    expect(() => fitIsoflop(edge)).toThrow('(1.00e+17 FLOPs: the lowest loss is at the smallest size');
    expect(() => fitIsoflop(sweep(), { curve: 'cubic' } as unknown as IsoflopOptions)).toThrow(
      'curve must be "akima" or "parabola", got "cubic" (string)',
    );
    expect(() => fitIsoflop(sweep(), { noise: -1 })).toThrow('noise must be a positive number, got -1');
    expect(() => fitIsoflop(sweep(), { budgets: 3 } as object)).toThrow('unknown option "budgets"');
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
    expect(warnings).toEqual(['1.0e+21 FLOPs are 10 times the largest compute fitted on']);
    const again = isoflopLaw.restore(JSON.parse(JSON.stringify(fit)));
    expect(again.predict({ flops: 1e20 })).toEqual(fit.predict({ flops: 1e20 }));
    expect(again.charts).toEqual(fit.charts);
    expect(fit.charts.map(({ kind }) => kind)).toEqual(['fit', 'residuals', 'extrapolation']);
    expect(() => envelopeLaw.restore(JSON.parse(JSON.stringify(fit)))).toThrow('not a saved fit of envelope');
    expect(() => fit.predict({ flops: -1 })).toThrow('must be a positive number, got -1');
  });
});

/** Curves of fourteen sizes, each to the same 700 tokens a parameter. */
function curves(): EnvelopeRow[] {
  return Array.from({ length: 14 }, (_, i) => 1e7 * 2 ** (i / 1.5)).flatMap((parameters, i) =>
    Array.from({ length: 40 }, (_, j) => {
      const tokens = 0.3 * parameters * 2 ** (j / 3.5);
      return { run: `run ${i}`, parameters, tokens, loss: lossOf(parameters, tokens) };
    }),
  );
}

describe('fitEnvelope', () => {
  it('recovers the true exponent of exact curves within 0.02', () => {
    const fit = fitEnvelope(curves(), { bootstrap: 30 });
    expect(Math.abs(fit.constants.sizeExponent - sizeExponent)).toBeLessThan(0.02);
    const { low, high } = estimate(fit, 'sizeExponent').interval!;
    expect(low).toBeLessThan(sizeExponent);
    expect(high).toBeGreaterThan(sizeExponent);
    expect(fit.warnings).toEqual([]);
  });

  it('takes the run of lowest loss at each compute, never the smallest or the largest trained that far', () => {
    const { optima } = fitEnvelope(curves(), { bootstrap: 0 });
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
    expect(() => fitEnvelope(two)).toThrow('the lowest losses of 2 curves of 2 sizes are of 0 sizes');
    const table = Table.fromRows(
      'curves',
      curves().map(({ run: _, ...row }) => row),
    );
    expect(() => envelopeLaw.fit(table)).toThrow('there is no column "run" (name of the run)');
    expect(() => fitEnvelope(curves(), { points: 2 })).toThrow(
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

const porian = new URL('../../../../shared/data/laws/porian/', import.meta.url).pathname;

describe.skipIf(!existsSync(porian))("on Porian et al.'s IsoFLOP runs", () => {
  interface Answer {
    readonly sourceFile: string;
    readonly dataset: string;
    readonly hparams: string;
    readonly warmup: string;
    readonly decay: string;
    readonly param_count: string;
    readonly val: string;
    readonly basic: { readonly n_exponent: number };
    readonly weighted: { readonly n_exponent: number };
    readonly bootstrap_weighted: { readonly quantiles: { readonly n_exponent: Record<string, number> } };
  }
  const read = (file: string) =>
    existsSync(porian) ? readFileSync(`${porian}${file}`, 'utf8') : 'source_file\nnone\n';
  const [points, optima] = ['isoflop-points.csv', 'isoflop-optima.csv'].map((file) =>
    tableFromCsv(read(file), file),
  ) as [Table, Table];
  const answers: Answer[] = existsSync(porian) ? JSON.parse(read('answers.json')) : [];
  const settings = answers.map((answer) => {
    const { sourceFile: source_file, dataset, hparams, warmup, decay, param_count, val } = answer;
    const setting: Record<string, string> = {
      source_file,
      dataset,
      hparams,
      warmup,
      decay,
      param_count,
      val,
    };
    const of = (table: Table) =>
      table.where((row) => Object.entries(setting).every(([k, v]) => row[k] === v));
    // The source's own noise, as its configuration states it.
    const noise = dataset === 'rw' ? 0.002 : 0.01;
    return { name: Object.values(setting).join(' '), answer, noise, of };
  });

  it('are of fifteen settings', () => {
    expect(settings).toHaveLength(15);
  });

  it.each(settings)(
    'gives the published lines through the published optima to 4 digits: $name',
    (setting) => {
      const found = setting.of(optima).where(({ n_star }) => n_star !== null);
      const column = (name: string) => found.column(name).map(Number);
      const law = (weights?: number[]) =>
        fitPowerLaw({
          factors: { flops: column('flops') },
          response: column('n_star'),
          ...(weights ? { weights } : {}),
        }).exponents.flops;
      const weights = column('n_star_logstd').map((deviation) => deviation ** -2);
      expect(law()).toBeCloseTo(setting.answer.basic.n_exponent, 4);
      expect(law(weights)).toBeCloseTo(setting.answer.weighted.n_exponent, 4);
    },
  );

  it.each(settings)('finds the published optima, exponent and interval from the runs: $name', (setting) => {
    const { answer, noise, of } = setting;
    const fit = isoflopLaw.fit(of(points), { noise, bootstrap: 200 });
    const published = of(optima);
    const known = published.where(({ n_star }) => n_star !== null).column('flops');
    expect(fit.optima.map(({ flops }) => flops)).toEqual(known);
    const limit = answer.dataset === 'rw' ? 0.05 : 0.12;
    for (const { flops, parameters, logStandardError } of fit.optima) {
      const row = published.where((other) => other.flops === flops);
      expect(Math.abs(parameters / Number(row.column('n_star')[0]) - 1)).toBeLessThan(limit);
      // 200 draws know a standard deviation to 5 %.
      expect(Math.abs(logStandardError / Number(row.column('n_star_logstd')[0]) - 1)).toBeLessThan(0.2);
    }
    expect(Math.abs(fit.constants.sizeExponent - answer.weighted.n_exponent)).toBeLessThan(0.005);
    const { low, high } = estimate(fit, 'sizeExponent').interval!;
    const ends = answer.bootstrap_weighted.quantiles.n_exponent;
    // Ends of an interval from 200 draws wander by a tenth of its width; the source drew 1,200.
    const room = 0.25 * (ends['0.975']! - ends['0.025']!);
    expect(Math.abs(low - ends['0.025']!)).toBeLessThan(room);
    expect(Math.abs(high - ends['0.975']!)).toBeLessThan(room);
  });

  it('predicts the best size at the three largest budgets within 20 % from the smaller ones', () => {
    for (const { answer, noise, of } of settings.filter(({ answer: { hparams } }) => hparams === 'tuned')) {
      const { holdOut } = isoflopLaw.fit(of(points), { noise, bootstrap: 50, holdOut: { above: 3.2e18 } });
      expect(holdOut!.points).toBe(answer.param_count === 'kaplan' ? 2 : 3);
      expect(holdOut!.worstRelativeError).toBeLessThan(0.2);
    }
  });

  it('comes near the published loss law of the tuned runs, on the budgets it was fitted on: E within 0.05', () => {
    const { of, noise } = settings.find(({ name }) => name.includes('rw tuned short const standard'))!;
    const rows = of(points).where(({ flops }) => Number(flops) < 5e17);
    const { loss } = isoflopLaw.fit(rows, { noise, bootstrap: 100 }).constants;
    // Published 2.0056 + 128.93 C^-0.10597, by least squares; six points leave E open by several hundredths.
    expect(Math.abs(loss.E - 2.0056)).toBeLessThan(0.05);
    expect(Math.abs(loss.alpha - 0.10597)).toBeLessThan(0.003);
  });
});
