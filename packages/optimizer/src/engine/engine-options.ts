import type { CautiousScale } from '../rule/caution.ts';
import type { PlanFeatures } from '../rule/plan.ts';
import type { HyperparameterSpec } from '../rule/update-rule.ts';
import { checkGradientFilter, filterFeatures, type GradientFilter } from './gradient-filter.ts';
import { checkHyperparameter, checkKeys, type HyperparameterValue, show } from './option-checks.ts';
import { compileSelector, type ParameterSelector } from './selector.ts';

/** Options of the engine that hold for all parameters together. Each is off by default, and costs nothing when off. */
export interface EngineOptions {
  /** Scales all gradients so that their global norm is at most this; `Infinity` only measures the norm. */
  readonly clipGlobalNorm?: number | undefined;
  /** Added to the global norm that `clipGlobalNorm` divides by; 1e-6 by default, as in PyTorch. */
  readonly clipEpsilon?: number | undefined;
  /** Brings every element of a gradient into [-clipValue, clipValue], before the global norm is taken. */
  readonly clipValue?: number | undefined;
  /** Calls of `applyGradients` that make one step, with the mean of their gradients; 1 by default. */
  readonly accumulationSteps?: number | undefined;
  /** Climbs instead of descending. */
  readonly maximize?: boolean | undefined;
  /**
   * Skips a step, micro-batch or refresh whose gradients hold NaN or an infinity, and counts it in `skippedSteps`. WebGPU needs the
   * calls that are awaited, such as `minimizeAsync`.
   */
  readonly skipNonFinite?: boolean | undefined;
  /**
   * Selects matrices, such as embeddings, of which only the rows that have a gradient are updated: the others keep value
   * and state. Another algorithm than the rule itself, as LazyAdam is another than Adam.
   */
  readonly lazyRows?: ParameterSelector | undefined;
  /** Adds the slow part of the gradients to every gradient (Grokfast), after clipping and before L2 decay. */
  readonly gradientFilter?: GradientFilter | undefined;
  /**
   * Keeps an update only where it goes against the gradient (Liang et al. 2024, arXiv 2411.16085), scaled up by the share that is
   * kept: `'mean'` divides by its mean, at least 1e-3, and `'count'` by its count and 1, times the size of the tensor.
   */
  readonly cautious?: CautiousScale | undefined;
  /** Decay of a moving average of the parameters, which `swapInAverage` evaluates with. */
  readonly averageDecay?: HyperparameterValue | undefined;
  /** Records the norms of gradients, updates and parameters in every step, for `metrics`. */
  readonly recordMetrics?: boolean | undefined;
}

/** The names of the engine options, in the order of tables. */
export const engineOptionKeys: readonly string[] = [
  'clipGlobalNorm',
  'clipEpsilon',
  'clipValue',
  'accumulationSteps',
  'maximize',
  'skipNonFinite',
  'lazyRows',
  'gradientFilter',
  'cautious',
  'averageDecay',
  'recordMetrics',
] satisfies readonly (keyof EngineOptions)[];

const cautiousScales: readonly unknown[] = ['mean', 'count'];

/** Keeps the factor of clipping finite where the norm is 0: that of PyTorch's `clip_grad_norm_`. */
export const defaultClipEpsilon = 1e-6;

export const averageDecaySpec: HyperparameterSpec = {
  default: 0,
  minimum: 0,
  below: 1,
  description: 'Decay of the moving average of the parameters',
};

/** What the engine options fold into every plan; decay is each group's own. */
export function planFeaturesOf(options: EngineOptions): PlanFeatures {
  const { accumulationSteps = 1, maximize, clipValue, clipGlobalNorm, averageDecay, cautious } = options;
  return {
    ...(accumulationSteps > 1 ? { accumulates: true } : {}),
    ...(maximize === true ? { maximize } : {}),
    ...(clipValue === undefined || clipValue === Infinity ? {} : { clipValue: true }),
    scaleGradient: clipGlobalNorm !== undefined && clipGlobalNorm !== Infinity,
    ...filterFeatures(options.gradientFilter),
    ...(cautious === undefined ? {} : { cautious }),
    average: averageDecay !== undefined,
  };
}

/** The engine options among all options of an optimizer. */
export function engineOptionsOf(options: object): EngineOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([key, value]) => engineOptionKeys.includes(key) && value !== undefined),
  );
}

/** @throws Error on an unknown option, or a value of another type or out of range. */
export function checkEngineOptions(label: string, options: EngineOptions): void {
  checkKeys(label, options, engineOptionKeys);
  const { accumulationSteps, averageDecay } = options;
  for (const name of ['clipGlobalNorm', 'clipValue'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && !(typeof value === 'number' && value > 0)) {
      throw new Error(`${label}: ${name} must be a positive number, got ${show(value)}`);
    }
  }
  const { clipEpsilon } = options;
  if (clipEpsilon !== undefined && !(Number.isFinite(clipEpsilon) && clipEpsilon >= 0)) {
    throw new Error(`${label}: clipEpsilon must be a finite number of at least 0, got ${show(clipEpsilon)}`);
  }
  if (accumulationSteps !== undefined && !(Number.isInteger(accumulationSteps) && accumulationSteps >= 1)) {
    throw new Error(
      `${label}: accumulationSteps must be a whole number of at least 1, got ${show(accumulationSteps)}`,
    );
  }
  for (const name of ['maximize', 'skipNonFinite', 'recordMetrics'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'boolean') {
      throw new Error(`${label}: ${name} must be true or false, got ${show(value)}`);
    }
  }
  if (options.gradientFilter !== undefined) checkGradientFilter(label, options.gradientFilter);
  if (options.cautious !== undefined && !cautiousScales.includes(options.cautious)) {
    throw new Error(`${label}: cautious must be 'mean' or 'count', got ${show(options.cautious)}`);
  }
  if (options.lazyRows !== undefined) checkLazyRows(label, options.lazyRows);
  if (averageDecay !== undefined) checkHyperparameter(label, 'averageDecay', averageDecay, averageDecaySpec);
}

function checkLazyRows(label: string, selector: ParameterSelector): void {
  try {
    compileSelector(selector);
  } catch (cause) {
    throw new Error(
      `${label}: lazyRows selects parameters as a group does, but ${(cause as Error).message}`,
      { cause },
    );
  }
}
