import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { adamRule, adamWRule, amsGradRule } from './adam-rule.ts';

/** Options of {@link Adam}, {@link AdamW} and {@link AMSGrad}. */
export type AdamOptions = OptimizerOptions<typeof adamRule>;

/** Adam (Kingma and Ba 2015, arXiv 1412.6980). Weight decay, if any, is L2. 8 bytes of state a parameter. */
export const Adam = optimizerClass(adamRule, 'SteepestAdam');
export type Adam = InstanceType<typeof Adam>;

/** AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101): decoupled weight decay, 0.01 by default. */
export const AdamW = optimizerClass(adamWRule, 'SteepestAdamW');
export type AdamW = InstanceType<typeof AdamW>;

/** AMSGrad (Reddi, Kale and Kumar 2018, arXiv 1904.09237). 12 bytes of state a parameter. */
export const AMSGrad = optimizerClass(amsGradRule, 'SteepestAMSGrad');
export type AMSGrad = InstanceType<typeof AMSGrad>;

export type { PyTorchParameters, PyTorchTarget } from './pytorch-parameters.ts';
export { decodePyTorchAdamW, encodePyTorchAdamW } from './pytorch-state.ts';
export { adamRule, adamWRule, amsGradRule };
