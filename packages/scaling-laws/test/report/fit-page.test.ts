import { expect, it } from 'vitest';
import { findLaw, type LawFit } from '../../src/index.ts';
import { fitPage } from '../../src/report/fit-page.ts';

it('a page shows names and warnings as text, whatever is in them', () => {
  const fit: LawFit = {
    law: 'chinchilla',
    parameters: [{ name: 'a<b>', value: 1, meaning: '"x" & <script>' }],
    objective: 0.5,
    goodness: {
      points: 3,
      r2: 0.9,
      meanAbsoluteError: 0.1,
      rootMeanSquareLogError: 0.1,
      worstRelativeError: 0.2,
    },
    warnings: ['run <img src=x> is odd'],
    predict: () => ({ values: [], warnings: [] }),
    suggest: () => ({ settings: [], expected: [], reason: '', warnings: [] }),
    charts: [],
    toJSON: () => ({}),
  };
  const page = fitPage(findLaw('chinchilla'), fit, [
    { wide: '<svg id="drawn"></svg>', narrow: '<svg id="small"></svg>' },
  ]);
  expect(page).toContain('<td>a&lt;b&gt;</td><td>1</td><td>&quot;x&quot; &amp; &lt;script&gt;</td>');
  expect(page).toContain('run &lt;img src=x&gt; is odd');
  expect(page).toContain('<div class="wide"><svg id="drawn"></svg></div>');
  expect(page).toContain('<div class="narrow"><svg id="small"></svg></div>');
  expect(page).not.toMatch(/<script|<img/);
});
