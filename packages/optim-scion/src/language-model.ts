/**
 * The norms and radii of the authors' GPT-2, as options to spread:
 * `new Scion({ ...scionLanguageModel, learningRate: 2 ** -10 })`. Parameters are told apart by their roles, as models of
 * `@steepest/lm-models` have them, with weights stored [outputs, inputs].
 *
 * LIONS-EPFL/scion, examples/modded-nanogpt.
 */
export const scionLanguageModel = {
  alpha: 0.1,
  norm: 'spectral',
  scale: 50,
  groups: [
    { match: { role: 'embedding' }, norm: 'colNorm', transpose: true, scale: 1 },
    { match: { role: 'lastLayer' }, norm: 'sign', scale: 3000 },
    { match: { rank: [0, 1] }, norm: 'biasRms', scale: 1 },
  ],
} as const;
