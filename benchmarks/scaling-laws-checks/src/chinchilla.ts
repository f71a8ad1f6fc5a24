import { type ChinchillaRow, chinchillaLaw } from '@steepest/scaling-laws';
import { readTable } from '@steepest/scaling-laws/node';
import { markdownTable } from 'markdown-table';
import { fixed, percent } from './numbers.ts';

/** Besiroglu et al. 2024, arXiv 2404.10102: the fit without the five highest losses, and its standard errors. */
const published = [
  ['E', 1.8169, 0.026],
  ['A', 482.01, 124.5],
  ['alpha', 0.3478, 0.015],
  ['B', 2085.43, 1293],
  ['beta', 0.3658, 0.021],
] as const;
const publishedObjective = 1.018274e-3;
const resamples = 1000;
/** Runs of more compute than this test the extrapolation. */
const heldOutAbove = 1e21;

/** Chinchilla's approach 3 on the points that Epoch read off the paper's figure. */
export async function chinchillaSection(data: string): Promise<string> {
  const rows = (await chinchillaRuns(data)).sort((a, b) => b.loss - a.loss).slice(5);
  const fit = chinchillaLaw.fit(rows, { bootstrap: resamples });
  const { holdOut } = chinchillaLaw.fit(rows, { bootstrap: 0, holdOut: { above: heldOutAbove } });
  const estimates = published.map(([name, value, error]) => {
    const found = fit.parameters.find((parameter) => parameter.name === name)!;
    return [
      name,
      `${value} (${error})`,
      `${fixed(found.value)} (${fixed(found.interval!.standardError, 2)})`,
      `${fixed(found.interval!.low)} - ${fixed(found.interval!.high)}`,
    ];
  });
  return [
    '## Chinchilla, approach 3',
    markdownTable([
      ['', 'published (standard error)', `found (of ${resamples} resamples)`, '95 % interval'],
      ...estimates,
      ['objective', String(publishedObjective), fit.objective.toPrecision(7), ''],
    ]),
    `Fitted on the runs up to ${heldOutAbove.toExponential()} FLOPs, the ${holdOut!.points} runs above are predicted with a worst error of ` +
      `${percent(holdOut!.worstRelativeError)} and a root mean square of ${percent(holdOut!.rootMeanSquareLogError)}.`,
  ].join('\n\n');
}

async function chinchillaRuns(data: string): Promise<ChinchillaRow[]> {
  const table = await readTable(`${data}chinchilla/svg_extracted_data.csv`);
  const numbers = (name: string) => table.column(name).map(Number);
  const [sizes, flops, losses] = [numbers('Model Size'), numbers('Training FLOP'), numbers('loss')];
  return sizes.map((parameters, row) => ({
    parameters,
    tokens: flops[row]! / (6 * parameters),
    loss: losses[row]!,
  }));
}
