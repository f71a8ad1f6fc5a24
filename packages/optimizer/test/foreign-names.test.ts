// cspell:ignore lerning epslion weigth globalnorm
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { equivalentOption, foreignProperties } from '../src/engine/foreign-names.ts';
import { Moments } from './test-rules.ts';

/** What options of other libraries are called here. */
const meanings: readonly (readonly [string, string])[] = [
  ['lr', 'learningRate'],
  ['learning_rate', 'learningRate'],
  ['LearningRate', 'learningRate'],
  ['alpha', 'learningRate'],
  ['eps', 'epsilon'],
  ['wd', 'weightDecay'],
  ['decay', 'weightDecay'],
  ['weight_decay', 'weightDecay'],
  ['weight_decay_rate', 'weightDecay'],
  ['decoupled_weight_decay', 'weightDecayMode'],
  ['beta_1', 'beta1'],
  ['b1', 'beta1'],
  ['beta_2', 'beta2'],
  ['b2', 'beta2'],
  ['adam_beta2', 'beta2'],
  ['momentum', 'beta1'],
  ['clipnorm', 'clipGlobalNorm'],
  ['global_clipnorm', 'clipGlobalNorm'],
  ['max_grad_norm', 'clipGlobalNorm'],
  ['maxGradNorm', 'clipGlobalNorm'],
  ['gradient_clip_val', 'clipGlobalNorm'],
  ['clipvalue', 'clipValue'],
  ['clip_grad_value', 'clipValue'],
  ['ema', 'averageDecay'],
  ['use_ema', 'averageDecay'],
  ['ema_momentum', 'averageDecay'],
  ['emaDecay', 'averageDecay'],
  ['gradient_accumulation_steps', 'accumulationSteps'],
  ['accumulate_grad_batches', 'accumulationSteps'],
  ['maximise', 'maximize'],
  ['optim_bits', 'stateFormat'],
  ['min_8bit_size', 'stateMinimumSize'],
  ['param_groups', 'groups'],
  ['lr_scheduler', 'learningRate'],
  ['warmup_steps', 'learningRate'],
];

it.each(meanings)('%s is called %s here', (name, meant) => {
  expect(() => new Moments({ [name]: 1 } as never)).toThrow(
    `moments has no option "${name}"; did you mean "${meant}"? Known options: `,
  );
});

it('betas are two options here', () => {
  expect(() => new Moments({ betas: [0.9, 0.999] } as never)).toThrow(
    'moments has no option "betas"; did you mean "beta1" and "beta2"? Known options: ',
  );
});

it.each(['foreach', 'fused', 'capturable', 'jit_compile'])('%s is not needed', (name) => {
  expect(() => new Moments({ [name]: true } as never)).toThrow(
    `moments has no option "${name}" and needs none: an update is compiled into one pass where the backend allows it. Known`,
  );
});

describe('a name that means different things is taken as the optimizer has it', () => {
  it.each([
    // RMSprop's, and those of Muon with an Adam part, whose beta2 is no such thing.
    ['alpha', ['learningRate', 'beta2', 'epsilon', 'momentum', 'centered'], 'beta2'],
    ['rho', ['learningRate', 'beta2', 'epsilon', 'momentum', 'centered'], 'beta2'],
    ['decay', ['learningRate', 'weightDecay', 'beta2', 'momentum', 'centered'], 'beta2'],
    ['decay', ['learningRate', 'weightDecay', 'beta2'], 'weightDecay'],
    ['alpha', ['learningRate', 'momentum', 'beta2', 'epsilon'], 'learningRate'],
    ['alpha', ['learningRate', 'beta1', 'rho'], 'learningRate'],
    ['rho', ['learningRate', 'beta1', 'beta2'], undefined],
    ['beta_2', ['learningRate', 'beta1'], undefined],
    ['rho', ['learningRate', 'beta1', 'beta2', 'rho'], 'rho'],
    ['alpha', ['learningRate', 'beta1', 'beta2'], 'learningRate'],
    ['momentum', ['learningRate', 'beta1'], 'beta1'],
    ['beta_1', ['learningRate', 'momentum'], 'momentum'],
    ['nesterov', ['learningRate', 'momentumForm'], 'momentumForm'],
    ['eps', ['learningRate', 'epsilon1', 'epsilon2'], 'epsilon1'],
    ['amsgrad', ['learningRate', 'beta1'], undefined],
  ])('%s among %j', (name, known, meant) => {
    expect(equivalentOption(name, known)).toBe(meant);
  });
});

it.each([
  // Options that Adam has in other libraries and Moments has not: the nearest of its names would mislead.
  'amsgrad',
  'rho',
  'centered',
  'mask',
  'd0',
  'rank',
  'beta3',
  'momentum_decay',
  'learning_rate_power',
  'gamma',
])('%s is not taken for another option that happens to be nearest', (name) => {
  expect(() => new Moments({ [name]: 1 } as never)).toThrow(
    `moments has no option "${name}". Known options: learningRate, `,
  );
});

it.each([
  ['lerningRate', 'learningRate'],
  ['epslion', 'epsilon'],
  ['beat1', 'beta1'],
  ['weigthDecay', 'weightDecay'],
  ['clip_globalnorm', 'clipGlobalNorm'],
])('%s is a misspelling of %s', (name, meant) => {
  expect(() => new Moments({ [name]: 1 } as never)).toThrow(
    `has no option "${name}"; did you mean "${meant}"?`,
  );
});

it('what is only a misspelling is taken for the nearest name', () => {
  expect(() => new Moments({ clipGlobalNor: 1 } as never)).toThrow('did you mean "clipGlobalNorm"?');
  expect(() => new Moments({ CLIPVALUE: 1 } as never)).toThrow('did you mean "clipValue"?');
});

it.each(foreignProperties)('assigning %s to an optimizer is refused like such an option', (name) => {
  const optimizer = new Moments() as unknown as Record<string, unknown>;
  expect(optimizer[name]).toBeUndefined();
  expect(() => {
    optimizer[name] = 1;
  }).toThrow(`moments has no option "${name}"; did you mean "`);
});
