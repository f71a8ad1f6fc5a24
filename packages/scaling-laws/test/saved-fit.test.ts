import { describe, expect, it } from 'vitest';
import { adaptiveShapesLaw, chinchillaLaw, restoreFit } from '../src/index.ts';
import { fitPage } from '../src/report/fit-page.ts';

const rows = [1e7, 1e8, 1e9].flatMap((parameters) =>
  [5, 20, 80, 320].map((ratio) => ({
    ...{ parameters, tokens: ratio * parameters, run: '<b>&\u001b[31m' },
    loss: 1.8 + 480 / parameters ** 0.35 + 2100 / (ratio * parameters) ** 0.37,
  })),
);
const points = [16, 64].flatMap((shape) =>
  [1e15, 2e15, 4e15, 8e15, 16e15, 32e15, 64e15, 128e15].map((flops) => ({
    ...{ shape, flops },
    loss: 2 + (1 + shape / 100) * (flops / 1e15) ** -0.3,
  })),
);
const fits = {
  chinchilla: chinchillaLaw.fit(rows, { bootstrap: 0 }),
  'adaptive-shapes': adaptiveShapesLaw.fit(points, { bootstrap: 0 }),
};
type Json = Record<string, unknown>;
const plain = (fit: object) => JSON.parse(JSON.stringify(fit)) as Json;

describe.each(Object.entries(fits))('a saved fit of %s', (law, fit) => {
  const saved = plain(fit);

  it('is restored whole', () => {
    expect(plain(restoreFit(saved))).toEqual(saved);
  });

  it.each(Object.keys(saved).filter((key) => key !== 'law'))(
    'is refused without %s, or with another thing there',
    (key) => {
      const { [key]: _, ...rest } = saved;
      for (const damaged of [rest, { ...rest, [key]: '<script>' }, { ...rest, [key]: null }]) {
        expect(() => restoreFit(damaged)).toThrow(
          new RegExp(`^${law}: the (saved )?fit (is damaged: ${key}|was saved in)`),
        );
      }
    },
  );

  it.each([null, '1.8', Number.NaN, Number.POSITIVE_INFINITY])(
    'is refused with a row whose loss is %s',
    (loss) => {
      const fitted = (saved.fitted as Json[]).map((row, index) => (index === 1 ? { ...row, loss } : row));
      expect(() => restoreFit({ ...saved, fitted })).toThrow(
        `${law}: the saved fit is damaged: fitted.1.loss`,
      );
    },
  );

  it('is refused without rows', () => {
    expect(() => restoreFit({ ...saved, fitted: [] })).toThrow(`${law}: the saved fit is damaged: fitted`);
  });
});

it.each([null, 5, 'x', [], {}, { law: 5 }, { law: 'toString' }, { law: 'chinchila' }])(
  'refuses %j as a fit',
  (json) => {
    expect(() => restoreFit(json)).toThrow(/not a saved fit|there is no law named/);
  },
);

it('shows what a file says as text, never as markup', () => {
  const hostile = restoreFit({
    ...plain(fits.chinchilla),
    warnings: ['</p><script>alert(1)</script>', '"><img src=x onerror=alert(1)>'],
  });
  const page = fitPage(chinchillaLaw, hostile, []);
  expect(page).not.toMatch(/<script|<img|<b>/);
  expect(page).toContain('&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
});
