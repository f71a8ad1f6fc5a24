import { envelopeLaw } from '@steepest/scaling-laws';
import { readTable } from '@steepest/scaling-laws/node';

/** Chinchilla's approach 1 on the Gemstones models (McLeish et al. 2025, arXiv 2502.06857), constant learning rate. */
export async function envelopeSection(data: string): Promise<string> {
  const table = await readTable(`${data}gemstones/gemstones.csv`);
  const fit = envelopeLaw.fit(
    table.where((row) => row.table === 'hot'),
    { columns: { parameters: 'params_active_precise' }, bootstrap: 500 },
  );
  const { value, interval } = fit.parameters.find(({ name }) => name === 'sizeExponent')!;
  const sizes = new Set(fit.optima.map(({ parameters }) => parameters)).size;
  return [
    '## Envelope of training curves',
    `Exponent of the best size ${value.toFixed(3)} (${interval!.low.toFixed(3)} - ${interval!.high.toFixed(3)}), from the ${sizes} sizes ` +
      'that have the lowest loss somewhere.',
  ].join('\n\n');
}
