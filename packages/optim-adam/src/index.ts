import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { adamRule, adamWRule, amsGradRule, type EpsilonPlacement } from './adam-rule.ts';
import type { AdamOptions } from './options.ts';

const AdamClass = optimizerClass(adamRule, 'SteepestAdam');

/** Adam (Kingma and Ba 2015, arXiv 1412.6980). Weight decay, if any, is L2. 8 bytes of state per parameter. */
export const Adam: DocumentedClass<typeof AdamClass, AdamOptions> = AdamClass;
export type Adam = InstanceType<typeof Adam>;

const AdamWClass = optimizerClass(adamWRule, 'SteepestAdamW');

/** AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101): decoupled weight decay, 0.01 by default. */
export const AdamW: DocumentedClass<typeof AdamWClass, AdamOptions> = AdamWClass;
export type AdamW = InstanceType<typeof AdamW>;

const AMSGradClass = optimizerClass(amsGradRule, 'SteepestAMSGrad');

/** AMSGrad (Reddi, Kale and Kumar 2018, arXiv 1904.09237). 12 bytes of state per parameter. */
export const AMSGrad: DocumentedClass<typeof AMSGradClass, AdamOptions> = AMSGradClass;
export type AMSGrad = InstanceType<typeof AMSGrad>;

export type { PyTorchParameters, PyTorchTarget } from './pytorch-parameters.ts';
export { decodePyTorchAdamW, encodePyTorchAdamW } from './pytorch-state.ts';
export type { AdamOptions, EpsilonPlacement };
export { adamRule, adamWRule, amsGradRule };
