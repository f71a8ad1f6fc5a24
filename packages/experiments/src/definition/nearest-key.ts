import { nearestName } from '@steepest/run-files';

/** What other libraries call options, and files written for them say. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  lr: ['learningRate'],
  eps: ['epsilon'],
  wd: ['weightDecay'],
  decay: ['weightDecay'],
  betas: ['beta1', 'beta2'],
  b1: ['beta1'],
  b2: ['beta2'],
  rho: ['beta2'],
  max_grad_norm: ['clipGlobalNorm'],
  clipnorm: ['clipGlobalNorm'],
  global_clipnorm: ['clipGlobalNorm'],
  warmup_ratio: ['warmupFraction'],
  max_steps: ['steps'],
  batch: ['batchSize'],
  seed: ['seeds'],
};

/** The known key a misspelt one most likely meant, or undefined when none is close. */
export function nearestKey(key: string, known: readonly string[]): string | undefined {
  const meant = Object.hasOwn(otherNames, key) ? otherNames[key]!.filter((name) => known.includes(name)) : [];
  if (meant.length > 0) return meant.join('", "');
  return nearestName(key, known, Math.max(2, Math.floor(key.length / 3)));
}
