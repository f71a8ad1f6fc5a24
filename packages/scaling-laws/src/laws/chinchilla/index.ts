import type { Law } from '../../law.ts';
import { readLawOptions } from '../../law-options.ts';
import { checkPositive, checkWhole } from '../../options.ts';
import { ofEvidence } from '../../table/evidence.ts';
import { readSizeAndData, runColumns } from '../../table/run-columns.ts';
import { checkSaved, chinchillaRecord } from '../saved-fit.ts';
import { ChinchillaFit, type ChinchillaRecord } from './chinchilla-fit.ts';
import { type ChinchillaOptions, fitChinchilla } from './fit-chinchilla.ts';
import { chinchillaQueries, chinchillaSuggestions } from './queries.ts';
import type { ChinchillaRow } from './surface.ts';

/** Loss of model size and data (Hoffmann et al. 2022), as a law of the command line. */
export const chinchillaLaw: Law<ChinchillaFit> = ofEvidence({
  name: 'chinchilla',
  title: 'Loss of model size and data',
  formula: 'L(N, D) = E + A / N^alpha + B / D^beta',
  source: 'Hoffmann et al. 2022, arXiv 2203.15556, approach 3',
  columns: [runColumns.parameters, runColumns.tokens, runColumns.loss, runColumns.flops, runColumns.run],
  options: [
    { name: 'delta', meaning: 'residual of log loss beyond which a run counts linearly', default: 1e-3 },
    { name: 'finish', meaning: 'how many of the best starts to search from', default: 24 },
  ],
  queries: chinchillaQueries,
  suggestions: chinchillaSuggestions,
  fit(table, options = {}) {
    const { columns, ...common } = readLawOptions(this, options, 200);
    const { delta, finish } = options as ChinchillaOptions;
    if (delta !== undefined) checkPositive(this.name, 'delta', delta);
    if (finish !== undefined) checkWhole(this.name, 'finish', finish, 1);
    return fitChinchilla(readSizeAndData<ChinchillaRow>(table, this.columns, { columns, least: 6 }), {
      ...common,
      ...(delta === undefined ? {} : { delta }),
      ...(finish === undefined ? {} : { finish }),
    });
  },
  restore(json) {
    checkSaved('chinchilla', 1, json, chinchillaRecord);
    return new ChinchillaFit(json as ChinchillaRecord);
  },
});
