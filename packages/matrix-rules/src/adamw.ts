import {
  add,
  div,
  type Expression,
  type HyperparameterSpec,
  lerp,
  likeParameter,
  mul,
  oneOf,
  type ParameterInfo,
  pow,
  type SettingSpec,
  sqrt,
  square,
  sub,
  withoutVanished,
} from '@steepest/optimizer';

/**
 * Which parameters AdamW updates in the place of a rule for matrices.
 *
 * - `never`: none; what is not a matrix is refused.
 * - `others`: what is not a matrix, and by their roles embeddings and the last layer.
 * - `always`: every parameter of the group.
 */
export type AdamWUse = 'never' | 'others' | 'always';

/** Whether epsilon joins the bias-corrected root of the second moment, as in the paper, or the uncorrected one. */
export type EpsilonPlacement = 'corrected' | 'uncorrected';

/** The setting `adamw` of a rule for matrices. */
export const adamwSetting = (usual: AdamWUse): SettingSpec<AdamWUse> =>
  oneOf(
    ['never', 'others', 'always'],
    usual,
    'Parameters that AdamW updates instead: never, others or always',
  );

/** The hyperparameters of that AdamW. */
export const adamwHyperparameters = {
  adamBeta1: { default: 0.9, minimum: 0, below: 1, description: 'AdamW: decay of the first moment' },
  adamBeta2: { default: 0.95, minimum: 0, below: 1, description: 'AdamW: decay of the second moment' },
  adamEpsilon: { default: 1e-8, minimum: 0, description: 'AdamW: added to the square root' },
} as const satisfies Record<string, HyperparameterSpec>;

/** Roles of matrices whose rows are looked up or chosen among, which rules for matrices leave to AdamW. */
const otherRoles: readonly (string | undefined)[] = ['embedding', 'lastLayer'];

/** Whether AdamW updates a parameter; `isMatrix` says what the rule itself can take. */
export function takesAdamW({ role }: ParameterInfo, use: AdamWUse, isMatrix: boolean): boolean {
  if (use === 'always') return true;
  return use === 'others' && (!isMatrix || otherRoles.includes(role));
}

/** The slots of AdamW. */
export const adamwSlots = { momentum: likeParameter, secondMoment: likeParameter };

/** What one step of AdamW reads. */
export interface AdamWStep {
  readonly learningRate: Expression;
  readonly beta1: Expression;
  readonly beta2: Expression;
  readonly epsilon: Expression;
  /** The number of this step, from 1, for the bias corrections. */
  readonly step: Expression;
  /** What `context.constant` says of epsilon. */
  readonly constantEpsilon: number | undefined;
  readonly epsilonPlacement: EpsilonPlacement;
}

/**
 * A step of Adam; weight decay is the engine's.
 *
 * `m = beta1 * m + (1 - beta1) * g`, `v = beta2 * v + (1 - beta2) * g * g`, and
 * `p -= learningRate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)` with the epsilon `corrected`, or
 * `p -= learningRate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon)` with it `uncorrected`.
 *
 * Loshchilov and Hutter 2019, arXiv 1711.05101.
 */
export function adamwUpdate(
  tensors: Readonly<Record<string, Expression>>,
  given: AdamWStep,
): Record<'parameter' | 'momentum' | 'secondMoment', Expression> {
  const { learningRate, beta1, beta2, epsilon, step, constantEpsilon, epsilonPlacement } = given;
  const gradient = tensors.gradient!;
  const momentum = lerp(gradient, tensors.momentum!, beta1);
  const secondMoment = lerp(square(gradient), tensors.secondMoment!, beta2);
  const rootCorrection = sqrt(sub(1, pow(beta2, step)));
  const epsilonBesideRoot = epsilonPlacement === 'corrected' ? mul(epsilon, rootCorrection) : epsilon;
  const stepSize = div(mul(learningRate, rootCorrection), sub(1, pow(beta1, step)));
  const move = div(mul(stepSize, momentum), add(sqrt(secondMoment), epsilonBesideRoot));
  return {
    parameter: sub(tensors.parameter!, withoutVanished(move, secondMoment, constantEpsilon)),
    momentum,
    secondMoment,
  };
}
