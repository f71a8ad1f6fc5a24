import type { Law } from '../../law.ts';
import { readLawOptions } from '../../law-options.ts';
import { checkWhole } from '../../options.ts';
import { ofEvidence } from '../../table/evidence.ts';
import { readSizeAndData, runColumns } from '../../table/run-columns.ts';
import { tunedSettings } from '../../table/settings.ts';
import { ComputeOptimalFit, computeOptimalQueries } from '../compute-optimal/compute-optimal-fit.ts';
import type { ComputeOptimalRecord } from '../compute-optimal/record.ts';
import { checkSaved, computeOptimalRecord } from '../saved-fit.ts';
import type { EnvelopeRow } from './envelope.ts';
import { fitEnvelope } from './fit-envelope.ts';

/** Compute-optimal size and tokens from the envelope of training curves, as a law of the command line. */
export const envelopeLaw: Law<ComputeOptimalFit> = ofEvidence({
  name: 'envelope',
  title: 'Compute-optimal size and tokens from the envelope of training curves',
  formula: 'N*(C) = a C^p, D*(C) = b C^q, L*(C) = E + A / C^alpha',
  source: 'Hoffmann et al. 2022, arXiv 2203.15556, approach 1',
  points: 'validation',
  columns: [
    { ...runColumns.run, meaning: 'name of the run', required: true, mustVary: true },
    runColumns.parameters,
    { ...runColumns.tokens, meaning: 'tokens seen so far' },
    runColumns.loss,
    { ...runColumns.flops, meaning: 'compute spent so far; 6 N D where left out' },
  ],
  // The lowest curve counts at each compute.
  mayDiffer: tunedSettings,
  options: [{ name: 'points', meaning: 'computes at which the lowest loss is looked for', default: 200 }],
  queries: computeOptimalQueries,
  suggestions: computeOptimalQueries,
  fit(table, options = {}) {
    const { columns, ...common } = readLawOptions(this, options, 100);
    const { points = 200 } = options;
    checkWhole(this.name, 'points', points, 10);
    return fitEnvelope(readSizeAndData<EnvelopeRow>(table, this.columns, { columns, least: 9 }), {
      ...common,
      points: points as number,
    });
  },
  restore(json) {
    checkSaved('envelope', 1, json, computeOptimalRecord);
    return new ComputeOptimalFit(json as ComputeOptimalRecord);
  },
});
