import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { equivalentOption, needlessOption } from '../src/engine/foreign-names.ts';
import { Moments } from './test-rules.ts';

describe('an option of another library', () => {
  // Names of PyTorch, Keras, optax, Hugging Face and Lightning, by what each means.
  it.each<[string, readonly string[], string | undefined]>([
    ['init_lr', ['learningRate', 'beta2', 'epsilon'], 'learningRate'],
    ['warmup_init', ['learningRate'], undefined],
    ['lambda', ['lambda', 'weightDecay'], 'lambda'],
    ['lambd', ['weightDecay'], 'weightDecay'],
    ['epsilon_hat', ['epsilon', 'epsilonPlacement'], 'epsilonPlacement'],
    ['eps_root', ['epsilon'], undefined],
    ['adam_beta2', ['learningRate', 'momentum', 'adamBeta2'], 'adamBeta2'],
    ['b3', ['beta1', 'beta2', 'beta3'], 'beta3'],
    ['correct_bias', ['biasCorrection'], 'biasCorrection'],
    ['multiply_by_parameter_scale', ['scaleParameter'], 'scaleParameter'],
    ['t0', ['averageStart'], 'averageStart'],
    ['etaminus', ['decreaseFactor', 'increaseFactor'], 'decreaseFactor'],
    ['etaplus', ['decreaseFactor', 'increaseFactor'], 'increaseFactor'],
    ['eps', ['learningRate', 'beta2', 'epsilon'], 'epsilon'],
    ['eps1', ['epsilon1', 'epsilon2'], 'epsilon1'],
    ['eps1', ['epsilon'], 'epsilon'],
    ['eps2', ['epsilon1', 'epsilon2'], 'epsilon2'],
    ['eps2', ['epsilon'], undefined],
    ['skip_nonfinite', ['skipNonFinite'], 'skipNonFinite'],
    ['apply_if_finite', ['skipNonFinite'], 'skipNonFinite'],
    ['shampoo_beta', ['beta1', 'shampooBeta'], 'shampooBeta'],
    ['lr_decay', ['learningRate', 'learningRateDecay'], 'learningRateDecay'],
    ['schedule_decay', ['momentumDecay'], 'momentumDecay'],
    ['initial_accumulator_value', ['initialAccumulator'], 'initialAccumulator'],
    ['warmup_steps', ['learningRate', 'warmupSteps'], 'warmupSteps'],
    ['num_warmup_steps', ['learningRate'], 'learningRate'],
    ['use_nesterov', ['momentum', 'nesterov'], 'nesterov'],
    ['mu', ['beta', 'beta1'], 'beta1'],
    ['momentum', ['beta'], 'beta'],
    ['beta', ['momentum', 'beta2'], 'momentum'],
    ['b1', ['beta'], 'beta'],
    ['beta_2', ['learningRate', 'beta2'], 'beta2'],
    ['ascent', ['maximize'], 'maximize'],
    ['parameters', ['groups'], 'groups'],
    ['decoupled', ['weightDecayMode'], 'weightDecayMode'],
  ])('%s among %j is %s', (name, known, meant) => {
    expect(equivalentOption(name, known)).toBe(meant);
  });

  // RMSprop of PyTorch and Keras has alpha and rho for the decay of the second moment; other rules for other things.
  it.each<[string, readonly string[], string | undefined]>([
    ['alpha', ['learningRate', 'beta2', 'centered'], 'beta2'],
    ['rho', ['learningRate', 'beta2', 'centered'], 'beta2'],
    ['smoothing', ['learningRate', 'beta2', 'centered'], 'beta2'],
    ['decay_rate', ['learningRate', 'beta2', 'centered'], 'beta2'],
    ['rho', ['learningRate', 'momentum', 'beta2'], undefined],
    ['alpha', ['learningRate', 'beta1', 'beta2'], 'learningRate'],
    ['rho', ['learningRate', 'beta1', 'beta2'], undefined],
    ['decay_rate', ['learningRate', 'beta1', 'beta2', 'beta2Decay'], 'beta2Decay'],
    // Sophia's rho clips, and Adadelta's is what others call decay.
    ['alpha', ['learningRate', 'beta2', 'rho'], 'learningRate'],
    ['smoothing', ['learningRate', 'rho'], 'rho'],
    ['alpha', ['learningRate'], 'learningRate'],
    ['rho', ['learningRate'], undefined],
  ])('%s among %j is %s', (name, known, meant) => {
    expect(equivalentOption(name, known)).toBe(meant);
  });

  it('is the same in any spelling', () => {
    for (const name of ['betaTwo', 'beta-2', 'BETA_2', 'beta2']) {
      expect(equivalentOption(name, ['learningRate', 'beta2'])).toBe(
        name === 'betaTwo' ? undefined : 'beta2',
      );
    }
  });

  it.each([
    ['fused', 'needs none: an update is compiled into one pass where the backend allows it'],
    ['differentiable', 'needs none: updates are not differentiated'],
    ['loss_scale', 'needs none: gradients and state are float32'],
    ['gradScaler', 'needs none: gradients and state are float32'],
    ['name', 'needs none: it is called after its update rule'],
    ['learningRate', undefined],
  ])('%s is needless because: %s', (name, reason) => {
    expect(needlessOption(name)).toBe(reason);
  });
});

describe('betas', () => {
  it('are two options only where both are known', () => {
    expect(() => new Moments({ betas: [0.9, 0.99] } as never)).toThrow('did you mean "beta1" and "beta2"?');
    expect(equivalentOption('betas', ['learningRate', 'momentum'])).toBe('momentum');
  });
});

it('an option of nothing known is taken for the nearest name', () => {
  expect(() => new Moments({ epsilonn: 1 } as never)).toThrow(
    'moments has no option "epsilonn"; did you mean "epsilon"?',
  );
});
