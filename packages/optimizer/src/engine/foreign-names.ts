import { distance } from 'fastest-levenshtein';
import { nearestName } from '../rule/nearest-name.ts';

/**
 * Names of options in PyTorch, Keras, Hugging Face, Lightning and optax, with those that they may be here; the first that an
 * optimizer has is suggested.
 */
export const equivalents: readonly (readonly [names: string, options: readonly string[]])[] = [
  [
    'lr step_size eta rate init_lr base_lr lr_scheduler lr_scheduler_type scheduler schedule',
    ['learningRate'],
  ],
  ['eps epsilon adam_epsilon', ['epsilon', 'epsilon1']],
  ['epsilon_hat', ['epsilonPlacement', 'epsilon']],
  ['eps1', ['epsilon1', 'epsilon']],
  ['eps2', ['epsilon2']],
  [
    'wd decay weight_decay weight_decay_rate l2 l2_regularization l2_regularization_strength',
    ['weightDecay'],
  ],
  ['lambda lambd', ['lambda', 'weightDecay']],
  ['decoupled decoupled_weight_decay', ['weightDecayMode']],
  [
    'clipnorm clip_norm global_clipnorm clip_by_global_norm max_grad_norm max_norm clip_grad_norm gradient_clip_val grad_clip gradient_clipping clip',
    ['clipGlobalNorm'],
  ],
  ['clipvalue clip_value clip_grad_value clip_by_value', ['clipValue']],
  ['ema use_ema ema_decay ema_momentum ema_rate model_ema_decay polyak swa swa_decay', ['averageDecay']],
  [
    'gradient_accumulation_steps grad_accum_steps accumulate_steps accumulate_grad_batches accumulation every_k_schedule micro_batches',
    ['accumulationSteps'],
  ],
  ['skip_nan skip_nonfinite skip_not_finite apply_if_finite ignore_nan', ['skipNonFinite']],
  ['maximise ascent', ['maximize']],
  ['param_groups params parameters multi_transform', ['groups']],
  ['nesterov use_nesterov', ['nesterov', 'momentumForm']],
  ['momentum mu beta', ['momentum', 'beta1', 'beta']],
  ['b1 beta_1 adam_beta1 beta betas', ['beta1', 'momentum', 'beta']],
  ['b2 beta_2 adam_beta2', ['beta2', 'adamBeta2']],
  ['b3 beta_3', ['beta3']],
  ['shampoo_beta', ['shampooBeta']],
  ['update_proj_gap', ['projectionGap']],
  ['proj_type', ['projection']],
  ['galore_scale', ['scale']],
  ['rho smoothing decay_rate', ['rho', 'beta2Decay']],
  ['lr_decay', ['learningRateDecay']],
  ['schedule_decay', ['momentumDecay']],
  ['initial_accumulator_value', ['initialAccumulator']],
  ['multiply_by_parameter_scale', ['scaleParameter']],
  ['correct_bias use_bias_correction', ['biasCorrection']],
  ['d0', ['initialD']],
  ['t0', ['averageStart']],
  ['etaminus', ['decreaseFactor']],
  ['etaplus', ['increaseFactor']],
  ['optim_bits state_dtype', ['stateFormat']],
  ['min_8bit_size', ['stateMinimumSize']],
  ['warmup warmup_steps num_warmup_steps warmup_ratio', ['warmupSteps', 'learningRate']],
];

/** Options of other libraries that have no counterpart, with why. */
export const needless: readonly (readonly [names: string, reason: string])[] = [
  [
    'foreach fused capturable jit_compile',
    'needs none: an update is compiled into one pass where the backend allows it',
  ],
  ['differentiable', 'needs none: updates are not differentiated'],
  ['loss_scale loss_scale_factor grad_scaler', 'needs none: gradients and state are float32'],
  ['name', 'needs none: it is called after its update rule'],
];

/** A name without case, underscores and hyphens: `weight_decay` is `weightDecay` to whoever reads it. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[_-]/g, '');

function tableOf<Value>(
  rows: readonly (readonly [names: string, value: Value])[],
): ReadonlyMap<string, Value> {
  return new Map(rows.flatMap(([names, value]) => names.split(' ').map((name) => [plain(name), value])));
}
const equivalentOf = tableOf(equivalents);
const needlessOf = tableOf(needless);

/** The known option that a name of another library, or another spelling, stands for; `undefined` if there is none. */
export function equivalentOption(name: string, known: readonly string[]): string | undefined {
  const same = known.find((option) => plain(option) === plain(name));
  if (same !== undefined) return same;
  // RMSprop's decay of the second moment is alpha in PyTorch, rho in Keras and decay in tf.train; papers call the step size alpha.
  if (known.includes('centered') && ['alpha', 'rho', 'smoothing', 'decayrate', 'decay'].includes(plain(name)))
    return 'beta2';
  if (plain(name) === 'alpha' && known.includes('learningRate')) return 'learningRate';
  return equivalentOf.get(plain(name))?.find((option) => known.includes(option));
}

/**
 * The known option that a name is a misspelling of; `undefined` if there is none. One that is only nearer than the others is no
 * suggestion, and neither is one with another number: `beta2` is not a misspelling of `beta1`.
 */
export function misspeltOption(name: string, known: readonly string[]): string | undefined {
  const digits = (text: string) => text.replaceAll(/\D/g, '');
  const alike = known.filter((option) => digits(option) === digits(name));
  const nearest = nearestName(plain(name), alike.map(plain));
  if (nearest === undefined || edits(plain(name), nearest) > mostEdits(plain(name))) return undefined;
  return alike.find((option) => plain(option) === nearest);
}

function mostEdits({ length }: string): number {
  if (length < 5) return 1;
  return length < 9 ? 2 : 3;
}

/** Letters to put in, take out or exchange; two that stand in each other's place are one slip. */
function edits(typed: string, meant: string): number {
  const letters = (text: string) => [...text].sort().join('');
  const apart = distance(typed, meant);
  return apart === 2 && letters(typed) === letters(meant) ? 1 : apart;
}

/** The known option that is meant by a name of another library, another spelling or a misspelling; `undefined` if none is. */
export function meantOption(name: string, known: readonly string[]): string | undefined {
  return equivalentOption(name, known) ?? misspeltOption(name, known);
}

/** Why an option of another library is not needed here; `undefined` if it is no such option. */
export function needlessOption(name: string): string | undefined {
  return needlessOf.get(plain(name));
}

/** Properties that users of other libraries assign to change an optimizer in mid-run. */
export const foreignProperties: readonly string[] = [
  'lr',
  'learning_rate',
  'learningrate',
  'eps',
  'wd',
  'weight_decay',
  'weightdecay',
  'betas',
  'beta_1',
  'beta_2',
  'b1',
  'b2',
  'clipnorm',
  'clipvalue',
  'global_clipnorm',
  'max_grad_norm',
];
