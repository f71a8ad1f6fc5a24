import katex from 'katex';
import { formulaToTex } from './formula.ts';

const render = (tex: string, displayMode: boolean): string =>
  katex.renderToString(tex, { displayMode, throwOnError: true, strict: 'error' });

/** The indented formulas of Markdown as typeset math; those that cannot be read stay as they are. */
export function withMath(text: string): string {
  return text.replaceAll(/(?<=\n\n)(?: {4}.*\n)+/g, (block) => {
    const formula = formulaToTex(block.replaceAll(/^ {4}/gm, ''));
    if (formula === undefined) return block;
    const legend = formula.symbols.map(
      ({ option, tex }) => `${render(tex, false)} is <code>${option}</code>`,
    );
    return [
      `<div class="formula" tabindex="0" role="group" aria-label="Formula" v-pre>${render(formula.tex, true)}</div>`,
      ...(legend.length === 0 ? [] : [`<p class="formula-legend" v-pre>${legend.join(', ')}</p>`]),
      '',
    ].join('\n');
  });
}
