import type { Law } from '../../law/law.ts';
import { readLawOptions } from '../../law/law-options.ts';
import { readColumns } from '../../table/columns.ts';
import { ofEvidence } from '../../table/evidence.ts';
import { checkSaved, suRecord } from '../saved-fit.ts';
import type { SuRow } from './coordinates.ts';
import { fitSu, type SuOptions } from './fit-su.ts';
import { suQueries, suSuggestions } from './queries.ts';
import { SuFit, type SuRecord } from './su-fit.ts';

/** Loss on the way, for any batch (Kaplan et al. 2020, Su et al. 2024), as a law of the command line. */
export const suLaw: Law<SuFit> = ofEvidence({
  name: 'su',
  title: 'Loss on the way, for any model size and batch',
  formula: 'L = (Nc / N)^alphaN + (Sc (1 + Bcrit / B) / S)^alphaS, Bcrit = Bstar / L^(1 / alphaB)',
  source: 'Kaplan et al. 2020, arXiv 2001.08361; Su et al. 2024, arXiv 2403.06563',
  columns: [
    {
      name: 'parameters',
      meaning: 'size of the model, N, best without embeddings',
      quantity: 'parameters',
      aliases: ['params', 'N'],
      mustVary: true,
    },
    {
      name: 'step',
      meaning: 'steps done at the point of the curve, S',
      quantity: 'steps',
      aliases: ['steps', 'S'],
      mustVary: true,
    },
    {
      name: 'batchTokens',
      meaning: 'tokens per step, B',
      quantity: 'batchTokens',
      aliases: ['B', 'tokensPerStep'],
      mustVary: true,
    },
    { name: 'loss', meaning: 'loss there, nats/token', quantity: 'loss', mustVary: true },
    { name: 'run', meaning: 'name of the run', quantity: 'text', aliases: ['run_name'], required: false },
  ],
  points: 'validation',
  options: [
    { name: 'fromStep', meaning: 'leave out rows of fewer steps, such as those of the warm-up', default: 0 },
    { name: 'delta', meaning: 'residual of log loss beyond which a row counts linearly', default: 1e-3 },
  ],
  queries: suQueries,
  suggestions: suSuggestions,
  fit(table, options = {}) {
    const { columns, ...common } = readLawOptions(this, options, 50);
    const { fromStep, delta } = options as SuOptions;
    const rows = readColumns<Omit<SuRow, 'steps'> & { readonly step: number }>(table, this.columns, {
      columns,
    });
    return fitSu(
      rows.map(({ step, ...row }) => ({ ...row, steps: step })),
      {
        ...common,
        ...(fromStep === undefined ? {} : { fromStep }),
        ...(delta === undefined ? {} : { delta }),
      },
    );
  },
  restore(json) {
    checkSaved('su', 1, json, suRecord);
    return new SuFit(json as SuRecord);
  },
});
