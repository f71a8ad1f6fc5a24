/**
 * Names of options in PyTorch, Keras, Hugging Face, Lightning and optax, with those that they may be here; the first that an
 * optimizer has is suggested.
 */
export const equivalents: readonly (readonly [names: string, options: readonly string[]])[] = [
  ['lr step_size eta rate init_lr base_lr warmup_init lr_scheduler scheduler schedule', ['learningRate']],
  ['eps epsilon eps_root adam_epsilon epsilon_hat', ['epsilon', 'epsilon1']],
  ['eps1', ['epsilon1', 'epsilon']],
  ['eps2', ['epsilon2']],
  ['wd decay weight_decay weight_decay_rate l2 l2_regularization lambda', ['weightDecay']],
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
  ['b2 beta_2 adam_beta2', ['beta2']],
  ['shampoo_beta', ['shampooBeta']],
  ['update_proj_gap', ['projectionGap']],
  ['proj_type', ['projection']],
  ['galore_scale', ['scale']],
  ['rho alpha smoothing decay_rate', ['rho', 'beta2Decay']],
  ['lr_decay', ['learningRateDecay']],
  ['schedule_decay', ['momentumDecay']],
  ['initial_accumulator_value', ['initialAccumulator']],
  ['optim_bits state_dtype', ['stateFormat']],
  ['min_8bit_size', ['stateMinimumSize']],
  ['warmup warmup_steps num_warmup_steps', ['warmupSteps', 'learningRate']],
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
  // PyTorch's and Keras's RMSprop call the decay of the second moment alpha and rho, and papers the step size alpha.
  if (['alpha', 'rho', 'smoothing', 'decayrate'].includes(plain(name)) && !known.includes('rho')) {
    if (known.includes('beta2') && !known.includes('beta1')) return 'beta2';
    if (plain(name) === 'alpha') return 'learningRate';
  }
  return equivalentOf.get(plain(name))?.find((option) => known.includes(option));
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
