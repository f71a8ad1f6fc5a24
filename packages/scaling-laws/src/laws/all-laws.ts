import type { Law, LawFit } from '../law/law.ts';
import { describeValue, findNamed } from '../options.ts';
import { adaptiveShapesLaw } from './adaptive-shapes.ts';
import { annealingLaw } from './annealing.ts';
import { chinchillaLaw } from './chinchilla.ts';
import { convergenceEscapeLaw } from './convergence-escape.ts';
import { envelopeLaw } from './envelope.ts';
import { isoflopLaw } from './isoflop.ts';
import { learningRateBatchSizeLaw } from './learning-rate-batch-size.ts';
import { multiPowerLaw } from './multi-power.ts';
import { suLaw } from './su.ts';

/** Every law that can be fitted on a table of runs. */
export const laws: readonly Law[] = [
  chinchillaLaw,
  isoflopLaw,
  envelopeLaw,
  learningRateBatchSizeLaw,
  suLaw,
  adaptiveShapesLaw,
  multiPowerLaw,
  annealingLaw,
  convergenceEscapeLaw,
];

/**
 * The law of a name, to fit.
 *
 * @throws Error with the nearest name when there is none
 */
export function findLaw(name: string): Law {
  return findNamed(laws, name);
}

/**
 * A fit of any law again from what its `toJSON` gave.
 *
 * @throws Error when the value is not a saved fit
 */
export function restoreFit(json: unknown): LawFit {
  const saved = (json as { readonly law?: unknown } | null | undefined)?.law;
  if (typeof saved !== 'string') {
    throw new Error(
      `not a saved fit: it must be an object with the name of a law, got ${describeValue(json)}`,
    );
  }
  return findLaw(saved).restore(json);
}
