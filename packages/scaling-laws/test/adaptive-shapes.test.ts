import { describe, expect, it } from 'vitest';
import {
  flopsToLoss,
  optimalTraversal,
  type ShapeLaw,
  savingAgainst,
  shapeLoss,
  trainingPlan,
} from '../src/laws/adaptive-shapes/traversal.ts';
import { adaptiveShapesLaw } from '../src/laws/adaptive-shapes.ts';
import { Table } from '../src/table/table.ts';
import fixture from './fixtures/adaptive-shapes.json' with { type: 'json' };
import { normalNumbers } from './normal-numbers.ts';

interface Case {
  readonly laws: readonly ShapeLaw[];
  readonly from: number;
  readonly to: number;
  readonly segments: readonly { shape: number; fromLoss: number; toLoss: number; flops: number }[];
  readonly search?: { readonly flops: number };
}

const cases = Object.entries(fixture.cases as Record<string, Case>);
const relative = (actual: number, expected: number) => Math.abs(actual / expected - 1);

describe('the best traversal', () => {
  // The fixture has no closed form in it: inverses by root search, slopes by differences, compute by quadrature
  // (tools/reference/scaling-laws/make_adaptive_shapes.py), which agree to about 1e-10 of a loss and 1e-9 of a compute.
  it.each(cases)(
    'of %s switches where SciPy finds equal slopes, at its cost',
    (_, { laws, from, to, segments }) => {
      const traversal = optimalTraversal(laws, from, { loss: to });
      expect(traversal.segments.map(({ shape }) => shape)).toEqual(segments.map(({ shape }) => shape));
      traversal.segments.forEach((segment, index) => {
        const expected = segments[index]!;
        expect(relative(segment.fromLoss, expected.fromLoss)).toBeLessThan(1e-9);
        expect(relative(segment.toLoss, expected.toLoss)).toBeLessThan(1e-9);
        expect(relative(segment.flops, expected.flops)).toBeLessThan(1e-8);
      });
      const total = segments.reduce((sum, { flops }) => sum + flops, 0);
      expect(relative(traversal.flops, total)).toBeLessThan(1e-8);
      expect(traversal.loss).toBe(to);
    },
  );

  it.each(cases.filter(([, one]) => 'search' in one))(
    'of %s costs what a direct search over the switching losses finds, and no more',
    (_, { laws, from, to, search }) => {
      const { flops } = optimalTraversal(laws, from, { loss: to });
      // A search over losses to 1e-9 leaves a cost within 1e-12, as the cost is flat at its minimum.
      expect(relative(flops, search!.flops)).toBeLessThan(1e-9);
    },
  );

  it.each(cases)(
    'of %s that spends a compute ends at the loss that costs as much',
    (_, { laws, from, to }) => {
      const { flops } = optimalTraversal(laws, from, { loss: to });
      expect(optimalTraversal(laws, from, { flops }).loss).toBeCloseTo(to, 10);
      for (const share of [1e-6, 0.01, 0.3, 0.9]) {
        const { loss, flops: spent, segments } = optimalTraversal(laws, from, { flops: share * flops });
        expect(spent).toBe(share * flops);
        expect(
          relative(
            segments.reduce((sum, part) => sum + part.flops, 0),
            spent,
          ),
        ).toBeLessThan(1e-12);
        expect(relative(optimalTraversal(laws, from, { loss }).flops, spent)).toBeLessThan(1e-9);
        // Above `from` the laws need not agree on the untrained model.
        if (loss < from)
          for (const law of laws) expect(loss).toBeLessThanOrEqual(shapeLoss(law, spent) * (1 + 1e-12));
      }
    },
  );

  it('between laws of one floor switches at the loss that has a closed form', () => {
    const [first, second] = [
      { shape: 1, a: 50, b: 0.12, c: 2, d: 1e8 },
      { shape: 2, a: 400, b: 0.2, c: 2, d: 1e8 },
    ];
    // a^(1/b) / b (E - c)^(-1/b - 1) is equal for both where (E - c)^(1/b2 - 1/b1) is the ratio of their a^(1/b) / b.
    const factor = ({ a, b }: ShapeLaw) => a ** (1 / b) / b;
    const excess = (factor(second) / factor(first)) ** (1 / (1 / second.b - 1 / first.b));
    const { segments } = optimalTraversal([first, second], 5.5, { loss: 2.4 });
    expect(segments[0]!.toLoss).toBeCloseTo(2 + excess, 10);
  });

  it('saves the rest of each shape by itself, and everything where a shape never gets there', () => {
    const { laws, from, to, fixed } = fixture.cases['three shapes'];
    const traversal = optimalTraversal(laws, from, { loss: to });
    const savings = laws.map((law) => savingAgainst(law, traversal));
    expect(savings[0]).toEqual({ shape: 16, flops: Number.POSITIVE_INFINITY, saved: 1 });
    for (const index of [1, 2]) {
      expect(relative(savings[index]!.flops, fixed[index]!)).toBeLessThan(1e-9);
      expect(savings[index]!.saved).toBeCloseTo(1 - 7914910311606.766 / fixed[index]!, 8);
    }
  });

  it('that is over before shapes may change stays in the first', () => {
    const { laws } = fixture.cases['three shapes'];
    const { segments } = optimalTraversal(laws, 5, { loss: 6 });
    expect(segments).toEqual([{ shape: 16, fromLoss: 6, toLoss: 6, flops: flopsToLoss(laws[0]!, 6) }]);
  });

  it('is refused below every floor', () => {
    const { laws } = fixture.cases['three shapes'];
    expect(() => optimalTraversal(laws, 7, { loss: 3 })).toThrow(
      'no shape reaches a loss of 3: the lowest floor of their laws is 3.1000',
    );
  });
});

describe('a training plan', () => {
  const segment = (shape: number, flops: number) => ({ shape, flops, fromLoss: 1, toLoss: 1 });
  const plan = (...segments: ReturnType<typeof segment>[]) =>
    trainingPlan({ segments, loss: 1, flops: 0 }, (shape) => ({
      contextLength: shape,
      batchSize: 128 / shape,
      flops: 100 + shape,
    }));

  it('has whole steps, each switch within half a step of its place', () => {
    expect(plan(segment(16, 1_000), segment(64, 2_000), segment(32, 500))).toEqual({
      // 8.62 steps of 116 FLOPs; then 12.04 of 164, of which 44 FLOPs are done; 3.84 of 132, of which -8 are.
      steps: 9 + 12 + 4,
      phases: [
        { fromStep: 0, contextLength: 16, batchSize: 8 },
        { fromStep: 9, contextLength: 64, batchSize: 2 },
        { fromStep: 21, contextLength: 32, batchSize: 4 },
      ],
      flops: 9 * 116 + 12 * 164 + 4 * 132,
    });
  });

  it('leaves out a phase too short for a step, and joins what it parted', () => {
    expect(plan(segment(16, 1_160), segment(64, 60), segment(16, 1_100))).toEqual({
      steps: 20,
      phases: [{ fromStep: 0, contextLength: 16, batchSize: 8 }],
      flops: 20 * 116,
    });
  });

  it('spends the compute of a traversal to half a step', () => {
    const { laws, from, to } = fixture.cases['three shapes'];
    const traversal = optimalTraversal(laws, from, { loss: to });
    const { flops, phases, steps } = trainingPlan(traversal, (shape) => ({
      contextLength: shape,
      batchSize: 512 / shape,
      flops: 1e9 + 1e6 * shape,
    }));
    expect(Math.abs(flops - traversal.flops)).toBeLessThanOrEqual((1e9 + 256e6) / 2);
    expect(phases.map(({ contextLength }) => contextLength)).toEqual([16, 64, 256]);
    // 2.1090e11 FLOPs of 1.016e9 a step, and 1.0381e12 of 1.064e9.
    expect(phases.map(({ fromStep }) => fromStep)).toEqual([0, 208, 208 + 975]);
    expect(steps).toBe(208 + 975 + Math.round((7.9149103e12 - 208 * 1.016e9 - 975 * 1.064e9) / 1.256e9));
  });
});

const truth: readonly ShapeLaw[] = fixture.cases['three shapes'].laws;

/** Curves of every shape at log-spaced computes, with noise on the log of the loss; `runs` of each. */
function curves(laws: readonly ShapeLaw[], { noise = 0, runs = 1, points = 14 } = {}) {
  const normal = normalNumbers(3);
  return laws.flatMap((law) =>
    Array.from({ length: runs }, (_, run) =>
      Array.from({ length: points }, (_, index) => {
        const flops = 2e10 * 10 ** (index / 4.5);
        const loss = shapeLoss(law, flops) * Math.exp(noise * normal());
        return { shape: law.shape, flops, loss, run: `${law.shape}-${run}` };
      }),
    ).flat(),
  );
}

describe('a fit of laws of shapes', () => {
  it('recovers the laws from curves without noise', () => {
    const fit = adaptiveShapesLaw.fit(curves(truth), { bootstrap: 0, typicalExponents: 0 });
    fit.laws.forEach((law, index) => {
      expect(law.shape).toBe(truth[index]!.shape);
      // The search stops where the objective no longer changes in float64, which leaves digits of a and d.
      for (const name of ['a', 'b', 'c', 'd'] as const)
        expect(relative(law[name], truth[index]![name])).toBeLessThan(1e-3);
    });
    expect(fit.goodness.worstRelativeError).toBeLessThan(1e-6);
    const [expected, found] = [optimalTraversal(truth, 7.5, { loss: 4 }), fit.traversal({ loss: 4 })];
    expect(relative(found.flops, expected.flops)).toBeLessThan(1e-4);
    found.segments.slice(0, -1).forEach(({ toLoss }, index) => {
      expect(toLoss).toBeCloseTo(expected.segments[index]!.toLoss, 3);
    });
  });

  it('recovers a floor that all share, and refuses another kind', () => {
    const shared = truth.map((law) => ({ ...law, c: 3.3 }));
    const fit = adaptiveShapesLaw.fit(curves(shared), { bootstrap: 0, floor: 'shared', typicalExponents: 0 });
    for (const { c } of fit.laws) expect(c).toBeCloseTo(3.3, 3);
    expect(new Set(fit.laws.map(({ c }) => c)).size).toBe(1);
    expect(() => adaptiveShapesLaw.fit(curves(truth), { floor: 'common' as 'own' })).toThrow(
      'floor must be "own" or "shared", got "common" (string)',
    );
  });

  it('finds the switches and the savings through noise and outliers, with intervals around the truth', () => {
    const rows = curves(truth, { noise: 2e-3, runs: 6 });
    // Two spikes of a diverging evaluation, which a least-squares fit would follow.
    const spoilt = rows.map((row, index) =>
      index === 20 || index === 170 ? { ...row, loss: 1.3 * row.loss } : row,
    );
    const fit = adaptiveShapesLaw.fit(spoilt, { bootstrap: 40, confidence: 0.99 });
    const expected = optimalTraversal(truth, 7.5, { loss: 4 });
    const found = fit.traversal({ loss: 4 });
    expect(found.segments.map(({ shape }) => shape)).toEqual([16, 64, 256]);
    expect(relative(found.flops, expected.flops)).toBeLessThan(0.05);
    const { expected: promised, warnings } = fit.suggest({ loss: 4 });
    const flops = promised.find(({ name }) => name === 'flops')!;
    expect(flops.low).toBeLessThan(expected.flops);
    expect(flops.high).toBeGreaterThan(expected.flops);
    const saved = promised.find(({ name }) => name === 'saved against shape 256')!;
    const truly = savingAgainst(truth[2]!, expected).saved;
    expect(saved.low).toBeLessThan(truly);
    expect(saved.high).toBeGreaterThan(truly);
    expect(saved.value).toBeCloseTo(truly, 1);
    expect(warnings).toEqual([]);
    const exponent = fit.parameters.find(({ name }) => name === 'b(64)')!;
    expect(exponent.interval!.low).toBeLessThan(0.345);
    expect(exponent.interval!.high).toBeGreaterThan(0.345);
  });

  it('tests itself on the rows of most compute that it was not fitted on', () => {
    const fit = adaptiveShapesLaw.fit(curves(truth, { noise: 1e-3 }), {
      bootstrap: 0,
      holdOut: { fraction: 0.25 },
    });
    expect(fit.holdOut).toMatchObject({ points: 9 });
    expect(fit.holdOut!.smallestHeldOut).toBeGreaterThan(fit.holdOut!.largestFitted!);
    expect(fit.holdOut!.worstRelativeError).toBeLessThan(0.02);
    expect(fit.predict({ flops: 1e14 }).warnings[0]).toMatch(/FLOPs are \d+ times the most fitted on/);
  });

  it('keeps short, noisy curves from extreme exponents, which extrapolate worse', () => {
    // A quarter of the computes; the rest is what the laws must predict.
    const rows = curves(truth, { noise: 5e-3, runs: 2, points: 18 });
    const short = rows.filter(({ flops }) => flops < 4e11);
    const errorOf = (typicalExponents: number) => {
      const fit = adaptiveShapesLaw.fit(short, { bootstrap: 0, typicalExponents });
      const ends = truth.map((law) => fit.loss({ shape: law.shape, flops: 1e13 }) / shapeLoss(law, 1e13) - 1);
      return { worst: Math.max(...ends.map(Math.abs)), exponents: fit.laws.map(({ b }) => b) };
    };
    const [held, free] = [errorOf(1), errorOf(0)];
    expect(Math.max(...held.exponents)).toBeLessThan(1);
    expect(Math.max(...free.exponents)).toBeGreaterThan(1);
    expect(held.worst).toBeLessThan(free.worst);
    expect(() => adaptiveShapesLaw.fit(rows, { typicalExponents: -1 })).toThrow(
      'typicalExponents must be a number of at least 0, got -1',
    );
  });

  it('says when its intervals rest on too few runs', () => {
    const rows = curves(truth, { runs: 3 });
    expect(adaptiveShapesLaw.fit(rows, { bootstrap: 2 }).warnings).toEqual([
      'shape 16 has 3 runs: intervals from fewer than 6 are too narrow',
    ]);
    expect(adaptiveShapesLaw.fit(rows, { bootstrap: 0 }).warnings).toEqual([]);
  });

  it('says what the data cannot identify', () => {
    // Curves far above their floors and far beyond their head starts: c and d are lost in the noise.
    const steep = truth.map(({ shape, a, b }) => ({ shape, a: 10 * a, b, c: 0.05, d: 1e5 }));
    const { warnings } = adaptiveShapesLaw.fit(curves(steep, { noise: 5e-3 }), { bootstrap: 0 });
    expect(warnings.join('\n')).toMatch(/d\(16\) is not determined by the data/);
    expect(warnings.join('\n')).toMatch(/c\(\d+\)/);
  });

  it.each([
    [truth.slice(0, 1), {}, 'needs at least two shapes to change between, got 1'],
    [
      truth,
      { points: 4 },
      'shape 16 has points at 4 computes, too few for four constants: at least 5 are needed',
    ],
  ])('refuses too few data', (laws, options, message) => {
    expect(() => adaptiveShapesLaw.fit(curves(laws, options))).toThrow(message);
  });

  it('refuses a loss that is none, and an unknown option', () => {
    const rows = curves(truth);
    const wrong = [...rows.slice(1), { ...rows[0]!, loss: Number.NaN }];
    expect(() => adaptiveShapesLaw.fit(wrong)).toThrow(
      `loss of row ${rows.length} must be a positive number, got NaN`,
    );
    expect(() => adaptiveShapesLaw.fit(rows, { flor: 'own' } as object)).toThrow(
      'unknown option "flor", did you mean "floor"?',
    );
  });
});

describe('the law of adaptive shapes', () => {
  const rows = curves(truth, { noise: 1e-3, runs: 2 });
  const table = Table.fromRows(
    'curves.csv',
    rows.map(({ shape, ...row }) => ({ contextLength: shape, ...row })),
  );
  const fit = adaptiveShapesLaw.fit(table, { bootstrap: 10 });

  it('reads a table, and a saved fit again', () => {
    expect(fit.laws).toEqual(adaptiveShapesLaw.fit(rows, { bootstrap: 0 }).laws);
    const again = adaptiveShapesLaw.restore(JSON.parse(JSON.stringify(fit)));
    expect(again.parameters).toEqual(fit.parameters);
    expect(again.suggest({ flops: 1e13 })).toEqual(fit.suggest({ flops: 1e13 }));
    expect(again.charts).toEqual(fit.charts);
    expect(() => adaptiveShapesLaw.restore({ law: 'su' })).toThrow('not a saved fit of adaptive-shapes');
  });

  it('predicts the loss of a shape, or of the best changes of shape, which is lower', () => {
    const [best] = fit.predict({ flops: 5e12 }).values;
    for (const { shape } of truth) {
      const [fixed] = fit.predict({ flops: 5e12, shape }).values;
      expect(fixed!.value).toBe(shapeLoss(fit.laws.find((law) => law.shape === shape)!, 5e12));
      expect(best!.value).toBeLessThan(fixed!.value);
      expect(fixed!.low).toBeLessThan(fixed!.value);
    }
    expect(() => fit.predict({ flops: 1e12, shape: 20 })).toThrow(
      'there is no law of shape 20, only of 16, 64, 256',
    );
  });

  it('suggests the shapes, until which compute each, and what that saves', () => {
    const { settings, expected } = fit.suggest({ flops: 5e12 });
    const traversal = fit.traversal({ flops: 5e12 });
    expect(settings.map(({ name }) => name)).toEqual([
      'shape 1',
      'until 1',
      'shape 2',
      'until 2',
      'shape 3',
      'until 3',
    ]);
    expect(settings.map(({ value }) => value)).toEqual([
      ...[16, traversal.segments[0]!.flops],
      ...[64, traversal.segments[0]!.flops + traversal.segments[1]!.flops],
      ...[256, 5e12],
    ]);
    expect(expected.map(({ name }) => name)).toEqual([
      ...['loss', 'flops', 'saved against shape 16', 'saved against shape 64', 'saved against shape 256'],
    ]);
    expect(() => fit.suggest({})).toThrow('suggest takes either flops or loss');
    expect(() => fit.suggest({ loss: 0.5 })).toThrow('no shape reaches a loss of 0.5');
  });

  it('draws every shape, its residuals, and the changes of shape below all of them', () => {
    const [drawn, residuals, ahead] = fit.charts;
    expect(drawn!.series.map(({ name }) => name)).toEqual([
      '16',
      '64',
      '256',
      'law of 16',
      'law of 64',
      'law of 256',
    ]);
    expect(residuals!.series).toHaveLength(3);
    const lines = ahead!.series as unknown as { y: number[] }[];
    const best = lines.at(-1)!;
    for (const { y } of lines.slice(0, -1)) {
      y.forEach((loss, index) => {
        expect(best.y[index]).toBeLessThanOrEqual(loss * (1 + 1e-12));
      });
    }
  });

  it('refuses a perplexity, and a table of one shape', () => {
    const perplexities = Table.fromRows(
      'p.csv',
      rows.map((row) => ({ ...row, loss: Math.exp(row.loss) })),
    );
    expect(() => adaptiveShapesLaw.fit(perplexities)).toThrow('it looks like a perplexity');
    const one = Table.fromRows(
      'one.csv',
      rows.filter(({ shape }) => shape === 16),
    );
    expect(() => adaptiveShapesLaw.fit(one)).toThrow('column shape is constant (16)');
  });
});
