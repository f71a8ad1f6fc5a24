import { meantOption } from '@steepest/optimizer';

/** What other programs call keys of an experiment that are no options of an optimizer. */
const otherNames: Readonly<Record<string, string>> = {
  warmup_ratio: 'warmupFraction',
  max_steps: 'steps',
  batch: 'batchSize',
  seed: 'seeds',
};

/** The known key that was most likely meant by one of another library, or a misspelt one; undefined when none is close. */
export function nearestKey(key: string, known: readonly string[]): string | undefined {
  const meant = Object.hasOwn(otherNames, key) ? otherNames[key]! : undefined;
  if (meant !== undefined && known.includes(meant)) return meant;
  if (key === 'betas' && known.includes('beta1') && known.includes('beta2')) return 'beta1", "beta2';
  return meantOption(key, known);
}
