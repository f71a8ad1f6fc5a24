import type { Law } from '../../law.ts';
import { readLawOptions } from '../../law-options.ts';
import { ofEvidence } from '../../table/evidence.ts';
import { readSizeAndData, runColumns } from '../../table/run-columns.ts';
import { tunedSettings } from '../../table/settings.ts';
import { ComputeOptimalFit, computeOptimalQueries } from '../compute-optimal/compute-optimal-fit.ts';
import type { ComputeOptimalRecord } from '../compute-optimal/record.ts';
import { checkSaved, computeOptimalRecord } from '../saved-fit.ts';
import type { IsoflopRow } from './budgets.ts';
import { fitIsoflop, type IsoflopOptions } from './fit-isoflop.ts';

/** Compute-optimal size and tokens from the minima of IsoFLOP curves, as a law of the command line. */
export const isoflopLaw: Law<ComputeOptimalFit> = ofEvidence({
  name: 'isoflop',
  title: 'Compute-optimal size and tokens from IsoFLOP curves',
  formula: 'N*(C) = a C^p, D*(C) = b C^q, L*(C) = E + A / C^alpha',
  source:
    'Porian et al. 2024, arXiv 2406.19146; with curve = parabola Hoffmann et al. 2022, arXiv 2203.15556, approach 2',
  columns: [runColumns.parameters, runColumns.tokens, runColumns.loss, runColumns.flops],
  // Of several runs of a size the best counts at each budget.
  mayDiffer: tunedSettings,
  options: [
    {
      name: 'curve',
      meaning: "curve through a budget's losses",
      default: 'akima',
      choices: ['akima', 'parabola'],
    },
    {
      name: 'noise',
      meaning: 'standard deviation of a final loss between seeds, nats/token',
      default: 0.002,
    },
    {
      name: 'tolerance',
      meaning: 'runs within this share of each other in compute are of one budget',
      default: 0.05,
    },
  ],
  queries: computeOptimalQueries,
  suggestions: computeOptimalQueries,
  fit(table, options = {}) {
    const { columns, ...common } = readLawOptions(this, options, 400);
    const own = Object.fromEntries(
      this.options.flatMap(({ name }) => (options[name] === undefined ? [] : [[name, options[name]]])),
    ) as Pick<IsoflopOptions, 'curve' | 'noise' | 'tolerance'>;
    return fitIsoflop(readSizeAndData<IsoflopRow>(table, this.columns, { columns, least: 9 }), {
      ...common,
      ...own,
    });
  },
  restore(json) {
    checkSaved('isoflop', 1, json, computeOptimalRecord);
    return new ComputeOptimalFit(json as ComputeOptimalRecord);
  },
});
