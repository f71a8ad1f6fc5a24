/** Sizes an experiment can be run at; `150m` to `1.2b` are those of the study. */
export const scales = ['nano', 'tiny', 'micro', 'mini', 'small', '150m', '300m', '600m', '1.2b'] as const;
export type Scale = (typeof scales)[number];

/** What models, data and the trainer take for a seed. */
export const largestSeed = 0xffffffff;
