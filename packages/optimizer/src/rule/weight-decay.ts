/**
 * How weight decay `d` acts.
 *
 * - `decoupled`: the parameter is multiplied by `1 - learningRate * d` before the update (Loshchilov and Hutter 2019,
 *   arXiv 1711.05101, as PyTorch's AdamW).
 * - `independent`: it is multiplied by `1 - d * learningRate / peakLearningRate` before the update, so that `d` is the
 *   decay of one step at the peak (Zhao et al. 2024, arXiv 2407.07972).
 * - `fixed`: it is multiplied by `1 - d` before the update, whatever the learning rate is.
 * - `l2`: `d * parameter` is added to the gradient, after clipping and before any moment, unless the algorithm has it elsewhere.
 */
export type WeightDecayMode = 'decoupled' | 'independent' | 'fixed' | 'l2';
