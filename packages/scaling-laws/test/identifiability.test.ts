import { describe, expect, it } from 'vitest';
import { chinchillaLaw, identifiability } from '../src/index.ts';
import { countWarning } from '../src/law/fit-warnings.ts';

describe('constants on few observations', () => {
  it('are warned of below two for each', () => {
    expect(countWarning({ constants: 5 }, 10, 'runs')).toEqual([]);
    expect(countWarning({ constants: 5 }, 9, 'runs')).toEqual([
      '5 constants are fitted on 9 runs, which leaves 4 to judge them by: with fewer than 10 do not trust them outside ' +
        'of these runs',
    ]);
    expect(countWarning({ constants: 3, fitted: 'constants of the loss' }, 3, 'budgets')[0]).toMatch(
      /^3 constants of the loss are fitted on 3 budgets, which leaves none to judge them by/,
    );
  });

  it('count runs, not the points of their curves', () => {
    const rows = [1e7, 1e8, 1e9].flatMap((parameters) =>
      [1e9, 3e9, 1e10, 3e10].map((tokens) => ({
        ...{ parameters, tokens, run: `n${parameters}` },
        loss: 1.8 + 480 / parameters ** 0.35 + 2100 / tokens ** 0.37,
      })),
    );
    const named = chinchillaLaw.fit(rows, { bootstrap: 0 });
    expect(named.warnings[0]).toMatch(
      /^5 constants are fitted on 3 runs, which leaves none to judge them by/,
    );
    expect(
      chinchillaLaw.fit(
        rows.map(({ run: _, ...row }) => row),
        { bootstrap: 0 },
      ).warnings,
    ).toEqual([]);
  });
});

describe('identifiability', () => {
  const xs = [1, 2, 3, 4, 5, 6];
  const residuals = [0.01, -0.01, 0.01, -0.01, 0.01, -0.01];

  it('gives the standard errors of least squares', () => {
    const { standardErrors, warnings } = identifiability(
      xs.map((x) => [1, x]),
      [
        { name: 'a', value: 3 },
        { name: 'b', value: 2 },
      ],
      residuals,
    );
    // s^2 = 6e-4 / 4; var b = s^2 / 17.5; var a = s^2 (1/6 + 3.5^2/17.5)
    expect(standardErrors[1]).toBeCloseTo(Math.sqrt(1.5e-4 / 17.5), 12);
    expect(standardErrors[0]).toBeCloseTo(Math.sqrt(1.5e-4 * (1 / 6 + 12.25 / 17.5)), 12);
    expect(warnings).toEqual([]);
  });

  it('gives those of a median, which a Huber loss of small delta is, from residuals that an outlier does not move', () => {
    // One parameter: the residual 0 is the point the fit passes through. Median of the others 0.03.
    const errors = [0, 0.01, -0.01, 0.02, -0.03, -0.03, 0.04, 5];
    const judge = (delta: number) =>
      identifiability(
        errors.map(() => [1]),
        [{ name: 'a', value: 3 }],
        errors,
        { delta },
      ).standardErrors[0];
    expect(judge(1e-3)).toBeCloseTo((1.4826 * 0.03 * Math.sqrt(Math.PI / 2)) / Math.sqrt(8), 12);
    expect(judge(1)).toBeCloseTo((1.4826 * 0.03) / Math.sqrt(8), 12);
  });

  it('names the parameters that can change together, and no other', () => {
    const { standardErrors, warnings } = identifiability(
      xs.map((x) => [2, x, 3, x * x]),
      ['E', 'b', 'A', 'c'].map((name) => ({ name, value: 1 })),
      residuals,
    );
    expect(warnings).toEqual([
      'the data cannot tell E, A apart: they can change together without changing a prediction',
    ]);
    expect(standardErrors.map(Number.isFinite)).toEqual([false, true, false, true]);
  });

  it('names a parameter that no prediction depends on', () => {
    const { warnings } = identifiability(
      xs.map((x) => [x, 0]),
      [
        { name: 'a', value: 1 },
        { name: 'C', value: 1 },
      ],
      residuals,
    );
    expect(warnings).toEqual(['the data say nothing about C: the predictions do not depend on it']);
  });

  it('warns of a large standard error, a bound that was reached, and too few points', () => {
    const judge = (parameter: object, errors: number[]) =>
      identifiability(
        xs.map((x) => [x]),
        [{ name: 'A', value: 0.01, ...parameter }],
        errors,
      ).warnings;
    const scattered = residuals.map((value) => 100 * value);
    expect(judge({}, scattered)).toEqual(['A is poorly determined: 0.0100 with a standard error of 0.11']);
    expect(judge({ logarithmic: true }, residuals)).toEqual([]);
    expect(
      judge(
        { logarithmic: true },
        scattered.map((value) => 10 * value),
      )[0],
    ).toMatch('A is poorly determined: with 95 % confidence only to a factor of 9.5');
    expect(
      judge(
        { logarithmic: true },
        scattered.map((value) => 1e4 * value),
      ),
    ).toEqual(['A is not determined by the data']);
    expect(identifiability([[1]], [{ name: 'A', value: 1 }], [0]).warnings[0]).toBe(
      '1 points cannot determine 1 parameters and leave a rest to judge the fit by',
    );
  });
});
