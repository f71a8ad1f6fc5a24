// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { adalayerRule } from './adalayer-rule.ts';

type AdalayerGroup = ParameterGroupOptions<typeof adalayerRule>;

/** Options of Adalayer, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface AdalayerOwnOptions {
  /** Step size. Default: 0.001. */
  readonly learningRate?: AdalayerGroup['learningRate'];
  /** Decay of the first moment. Default: 0.9. */
  readonly beta1?: AdalayerGroup['beta1'];
  /** Decay of the blocks’ second moment. Default: 0.95. */
  readonly beta2?: AdalayerGroup['beta2'];
  /** Added to the square root, which it keeps from zero. Default: 1e-15. */
  readonly epsilon?: AdalayerGroup['epsilon'];
  /** What shares a second moment: auto, tensor, rows or qkv. Default: "auto". */
  readonly blocks?: AdalayerGroup['blocks'];
  /** Steps that measure the second moment before it is frozen; 0 never freezes it. Default: 0. */
  readonly freezeSteps?: AdalayerGroup['freezeSteps'];
  /** What the second moment does after freezeSteps: frozen or updating. Default: "frozen". */
  readonly afterFreeze?: AdalayerGroup['afterFreeze'];
}

/** Options of {@link Adalayer}. */
export type AdalayerOptions = AdalayerOwnOptions &
  OptimizerOptions<typeof adalayerRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (AdalayerOwnOptions & AdalayerGroup)[] | undefined;
  };
