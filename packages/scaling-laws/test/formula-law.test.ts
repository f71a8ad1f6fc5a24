import { describe, expect, it } from 'vitest';
import { decorrelate } from '../src/fitting/decorrelate.ts';
import { chinchillaLaw, Dual, defineLaw, formulaLaw, power, runColumns, Table } from '../src/index.ts';
import { lossOf, truth } from './known-surface.ts';

interface Run {
  readonly parameters: number;
  readonly tokens: number;
  readonly loss: number;
}

const runs: Run[] = [1e7, 3e7, 1e8, 3e8, 1e9].flatMap((parameters, i) =>
  [5, 20, 80].map((ratio, j) => {
    const tokens = ratio * parameters;
    return { parameters, tokens, loss: lossOf(parameters, tokens) * (1 + 1e-3 * Math.sin(17 * i + 5 * j)) };
  }),
);

/** L(D) = E + B / D^beta. */
const dataLaw = defineLaw({
  name: 'data',
  title: 'Loss of the data alone',
  formula: 'L(D) = E + B / D^beta',
  source: 'a test',
  columns: [runColumns.tokens, runColumns.loss, runColumns.run],
  ...formulaLaw({
    constants: {
      E: { meaning: 'loss that no data removes, nats/token' },
      B: { meaning: 'scale of the loss from too few tokens' },
      beta: { meaning: 'exponent of the tokens', scale: 'plain', typical: [0.28, 2] },
    },
    inputs: { tokens: 'tokens to train on' },
    compute: ({ tokens }: { readonly tokens: number; readonly loss: number }) => tokens,
    loss: ({ E, B, beta }, { tokens }) => E.plus(B.over(power(tokens, beta))),
    starts: (rows) => {
      const least = Math.min(...rows.map(({ loss }) => loss));
      return [0.3, 0.6, 0.9].flatMap((share) =>
        [0.2, 0.4].map((beta) => ({ E: share * least, B: (1 - share) * least * 1e9 ** beta, beta })),
      );
    },
  }),
});

const exact = [1e8, 3e8, 1e9, 3e9, 1e10, 3e10].map((tokens) => ({
  tokens,
  loss: 1.7 + 411 / tokens ** 0.28,
}));

describe('a law that is one formula', () => {
  it('finds the constants of exact losses without derivatives by hand', () => {
    const { constants, warnings } = dataLaw.fit(exact, { bootstrap: 0 });
    expect(constants.E).toBeCloseTo(1.7, 4);
    expect(constants.beta).toBeCloseTo(0.28, 4);
    expect(constants.B / 411).toBeCloseTo(1, 3);
    expect(warnings).toEqual([]);
  });

  it('is fitted on tables, held out, asked, drawn and saved like every other', () => {
    const table = Table.fromRows('runs', exact);
    const fit = dataLaw.fit(table, { bootstrap: 10, holdOut: { above: 5e9 } });
    expect(fit.holdOut).toMatchObject({ points: 2, largestFitted: 3e9 });
    expect(fit.predict({ tokens: 1e11 })).toMatchObject({
      values: [{ name: 'loss', value: expect.closeTo(1.7 + 411 / 1e11 ** 0.28, 3) }],
      warnings: ['1.0e+11 tokens are 33 times the most fitted on'],
    });
    expect(() => fit.suggest({})).toThrow('data: suggests nothing; ask it with predict');
    expect(fit.charts.map(({ kind }) => kind)).toEqual(['fit', 'residuals']);
    expect(dataLaw.restore(JSON.parse(JSON.stringify(fit))).parameters).toEqual(fit.parameters);
  });

  it('bounds any number that follows from its constants', () => {
    const fit = chinchillaLaw.fit(runs, { bootstrap: 20 });
    const { value, low, high } = fit.value('ratio', '', ({ alpha, beta }) => alpha / beta);
    expect(value).toBe(fit.constants.alpha / fit.constants.beta);
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
  });

  it('gives what a formula with derivatives by hand gives', () => {
    const { A, B, E } = truth;
    const dual = defineLaw({
      ...{ name: 'dual', title: '', formula: '', source: '' },
      columns: [runColumns.parameters, runColumns.tokens, runColumns.loss],
      ...formulaLaw({
        constants: {
          E: { meaning: '' },
          A: { meaning: '' },
          alpha: { meaning: '', scale: 'plain' },
          B: { meaning: '' },
          beta: { meaning: '', scale: 'plain' },
        },
        inputs: { parameters: 'N', tokens: 'D' },
        compute: ({ parameters, tokens }: Run) => 6 * parameters * tokens,
        loss: (constants, { parameters, tokens }) =>
          constants.E.plus(constants.A.over(power(parameters, constants.alpha))).plus(
            constants.B.over(power(tokens, constants.beta)),
          ),
        starts: () => [{ E: 0.9 * E, A: 2 * A, alpha: 0.4, B: 0.5 * B, beta: 0.25 }],
      }),
    });
    const [own, byHand] = [dual.fit(runs, { bootstrap: 0 }), chinchillaLaw.fit(runs, { bootstrap: 0 })];
    // One minimum, reached over different roundings.
    expect(own.objective).toBeCloseTo(byHand.objective, 12);
    for (const name of ['E', 'alpha', 'beta'] as const) {
      expect(own.constants[name]).toBeCloseTo(byHand.constants[name], 5);
    }
  });
});

describe('a weak prior', () => {
  /** Two points far from the floor say hardly anything of E and beta apart. */
  const short = [1e8, 1.3e8, 1.7e8, 2.2e8, 2.9e8].map((tokens, i) => ({
    tokens,
    loss: (1.7 + 411 / tokens ** 0.28) * (1 + 2e-3 * Math.sin(2 + 5 * i)),
  }));

  it('holds an exponent that the data hardly determine to its usual value, and says so', () => {
    const [free, held] = [0, 10].map((typicalExponents) =>
      dataLaw.fit(short, { bootstrap: 0, typicalExponents }),
    ) as [ReturnType<typeof dataLaw.fit>, ReturnType<typeof dataLaw.fit>];
    expect(Math.abs(free.constants.beta - 0.28)).toBeGreaterThan(0.05);
    expect(Math.abs(held.constants.beta - 0.28)).toBeLessThan(Math.abs(free.constants.beta - 0.28) / 2);
    expect(held.warnings).toContain(
      'beta is held to 0.28 by a weak prior: a factor of 2 costs 10 times as much as an error of delta in every run',
    );
    expect(free.warnings.join()).not.toContain('prior');
  });

  it('hardly moves exponents that the data determine', () => {
    const held = dataLaw.fit(exact, { bootstrap: 0, typicalExponents: 1 });
    expect(held.constants.beta).toBeCloseTo(0.28, 3);
  });
});

describe('numbers with derivatives', () => {
  const at = (x: number) => new Dual(x, Float64Array.of(1));
  // f(x) = ((x^2.5 + 3 x - 1) / (2 - x) - exp(x) / 5) log(x), its derivative by the rules of calculus.
  const f = (x: Dual) =>
    x.pow(2.5).plus(x.times(3)).minus(1).over(x.times(-1).plus(2)).minus(x.exp().over(5)).times(x.log());

  it.each([0.5, 1.2, 1.7])('agree with differences at %f', (x) => {
    const { value, slopes } = f(at(x));
    const plain = (y: number) => ((y ** 2.5 + 3 * y - 1) / (2 - y) - Math.exp(y) / 5) * Math.log(y);
    expect(value).toBeCloseTo(plain(x), 12);
    // Central differences of step h err by h^2 f'''/6 and rounding/h.
    expect(slopes[0]! / ((plain(x + 1e-5) - plain(x - 1e-5)) / 2e-5)).toBeCloseTo(1, 7);
  });

  it('take a derivative by the exponent: d/db 7^b = 7^b log 7', () => {
    const { value, slopes } = power(7, at(0.3));
    expect(value).toBeCloseTo(7 ** 0.3, 12);
    expect(slopes[0]).toBeCloseTo(7 ** 0.3 * Math.log(7), 12);
  });
});

describe('decorrelated coordinates', () => {
  const jacobian = [
    [1, 18, 2],
    [1, 19, 5],
    [1, 21, 4],
    [1, 23, 9],
  ];
  const along = decorrelate(jacobian);

  it('go there and back', () => {
    const point = [0.3, -2, 5];
    expect([...along.to(along.from(point))]).toEqual(point.map((value) => expect.closeTo(value, 12)));
  });

  it('leave alone what hardly changes a prediction', () => {
    const { from, to } = decorrelate(jacobian.map(([a, b, c]) => [1e-160 * a!, b!, c!]));
    // A share of 1e160 of the first would leave no digit of the others.
    expect([...to(from([0.3, -2, 5]))]).toEqual([0.3, -2, 5].map((value) => expect.closeTo(value, 12)));
  });

  it('have a Jacobian of orthogonal columns', () => {
    // Of a linear function with slope g by the plain coordinates, the slope by these is the row of Q.
    const rows = jacobian.map((slope) => {
      const gradient = new Float64Array(3);
      along.objective((_, out) => {
        out.set(slope);
        return 0;
      })(new Float64Array(3), gradient);
      return gradient;
    });
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      expect(rows.reduce((sum, row) => sum + row[a]! * row[b]!, 0)).toBeCloseTo(0, 10);
    }
  });
});
