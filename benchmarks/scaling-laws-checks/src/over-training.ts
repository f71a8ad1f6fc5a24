import { chinchillaLaw } from '@steepest/scaling-laws';
import { readTable } from '@steepest/scaling-laws/node';
import { fixed, percent } from './numbers.ts';

/** Chinchilla's surface on the over-trained C4 models of Gadre et al. 2024 (arXiv 2403.08540). */
export async function overTrainingSection(data: string): Promise<string> {
  const table = await readTable(`${data}gadre/c4-models.csv`);
  const { constants, holdOut, goodness } = chinchillaLaw.fit(table, {
    columns: { loss: 'loss_c4_val', flops: 'flops_6nd' },
    holdOut: { fraction: 0.15 },
    bootstrap: 0,
  });
  const { E, A, alpha, B, beta } = constants;
  return [
    '## Over-trained models',
    `Fitted on ${goodness.points} models of up to ${holdOut!.largestFitted!.toPrecision(2)} FLOPs: E = ${fixed(E)}, A = ${fixed(A)}, ` +
      `alpha = ${fixed(alpha)}, B = ${fixed(B)}, beta = ${fixed(beta)}. The ${holdOut!.points} models of more compute, up to ` +
      `${holdOut!.largestHeldOut!.toPrecision(2)} FLOPs, are predicted with a worst error of ${percent(holdOut!.worstRelativeError)}.`,
  ].join('\n\n');
}
