// cspell:ignore mathrm
import katex from 'katex';
import { describe, expect, it } from 'vitest';
import { formulaToTex } from '../build/formula.ts';
import { entriesOf, exists, read } from '../build/repository.ts';

const texOf = (text: string): string | undefined =>
  formulaToTex(text)?.tex.replace('\\begin{aligned}\n', '').replace('\n\\end{aligned}', '');

/** The indented blocks that say what an optimizer computes. */
const formulas = entriesOf('packages')
  .filter((name) => name.startsWith('optim-') && exists(`packages/${name}/README.md`))
  .flatMap((name) => {
    const [before] = read(`packages/${name}/README.md`).split('\n## When should I use this?');
    return [...before!.matchAll(/(?<=\n\n)(?: {4}.*\n)+/g)].map(([block], index) => ({
      name: `${name}, ${index + 1}`,
      text: block.replaceAll(/^ {4}/gm, ''),
    }));
  });

describe('a formula of a README', () => {
  // Each right-hand side is what the line means by the precedence of JavaScript's operators.
  it.each([
    ['p -= learningRate * u', 'p &\\leftarrow p - \\eta \\, u'],
    [
      'm = beta1 * m + (1 - beta1) * g',
      'm &\\leftarrow \\beta_{1} \\, m + \\left(1 - \\beta_{1}\\right) \\, g',
    ],
    ['u = m / (1 - beta1^t)', 'u &= \\frac{m}{1 - \\beta_{1}^{t}}'],
    ['x = a / b / c', 'x &= \\frac{\\frac{a}{b}}{c}'],
    ['x = a - (b - c)', 'x &= a - \\left(b - c\\right)'],
    ['x -= a - b', 'x &\\leftarrow x - \\left(a - b\\right)'],
    ['x *= 1 - a', 'x &\\leftarrow x \\cdot \\left(1 - a\\right)'],
    ['u /= max(1, a)', 'u &\\leftarrow \\frac{u}{\\max\\left(1, a\\right)}'],
    ['s += g * g', 's &\\leftarrow s + g^{2}'],
    ["R = M' P", "R &= M' \\, P"],
    ['x = -1 / (2 * n)', 'x &= -\\frac{1}{2 \\, n}'],
    ['x = mu_(t+1) * g', 'x &= \\mu_{t + 1} \\, g'],
    ['x = a      one number a row, b = c * d', 'x &= a && \\text{one number a row},\\ b = c \\, d'],
  ])('"%s" becomes %s', (text, tex) => {
    expect(texOf(text)).toBe(tex);
  });

  it('writes an option out where its symbol is the name of something else', () => {
    expect(texOf('eta = learningRate / t')).toBe('\\eta &= \\frac{\\mathrm{learningRate}}{t}');
  });

  it('names the options that it writes as symbols', () => {
    expect(formulaToTex('p -= learningRate * (g + weightDecay * p)')?.symbols).toEqual([
      { option: 'learningRate', tex: '\\eta' },
      { option: 'weightDecay', tex: '\\lambda' },
    ]);
  });

  it.each(['npm install', 'x = a +', 'x = (a', 'x = a ? b : c', 'a = b c d is text'])(
    '"%s" is none',
    (text) => {
      expect(formulaToTex(text)).toBeUndefined();
    },
  );

  it.each(formulas)('$name is typeset', ({ text }) => {
    const formula = formulaToTex(text);
    expect(formula, text).toBeDefined();
    expect(() => katex.renderToString(formula!.tex, { strict: 'error', throwOnError: true })).not.toThrow();
  });
});
