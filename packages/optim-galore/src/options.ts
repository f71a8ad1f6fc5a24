// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { galoreAdamWRule } from './galore-rule.ts';

type GaLoreAdamWGroup = ParameterGroupOptions<typeof galoreAdamWRule>;

/** Options of GaLore AdamW, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface GaLoreAdamWOwnOptions {
  /** Step size. Default: 0.001. */
  readonly learningRate?: GaLoreAdamWGroup['learningRate'];
  /** Decay of the first moment. Default: 0.9. */
  readonly beta1?: GaLoreAdamWGroup['beta1'];
  /** Decay of the second moment. Default: 0.999. */
  readonly beta2?: GaLoreAdamWGroup['beta2'];
  /** Added to the square root, which it keeps from zero. Default: 0.000001. */
  readonly epsilon?: GaLoreAdamWGroup['epsilon'];
  /** Factor of the steps that are projected. Default: 0.25. */
  readonly scale?: GaLoreAdamWGroup['scale'];
  /** Singular vectors that gradients are projected on. Default: 128. */
  readonly rank?: GaLoreAdamWGroup['rank'];
  /** Gradients from one projector to the next. Default: 200. */
  readonly projectionGap?: GaLoreAdamWGroup['projectionGap'];
  /** Side that is projected: std the shorter, reverse_std the longer, right the columns, left the rows. Default: "std". */
  readonly projection?: GaLoreAdamWGroup['projection'];
  /** 'svd' of the gradient, or a function of { name, shape, step } that returns a projector. Default: "svd". */
  readonly projector?: GaLoreAdamWGroup['projector'];
  /** Parameters that AdamW updates instead: never, others or always. Default: "others". */
  readonly adamw?: GaLoreAdamWGroup['adamw'];
}

/** Options of {@link GaLoreAdamW}. */
export type GaLoreAdamWOptions = GaLoreAdamWOwnOptions &
  OptimizerOptions<typeof galoreAdamWRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (GaLoreAdamWOwnOptions & GaLoreAdamWGroup)[] | undefined;
  };
