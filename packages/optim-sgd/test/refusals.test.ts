import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Sgd } from '../src/index.ts';

const needsMomentum = 'sgd: momentumForm "nesterov" needs a momentum above 0, such as 0.9';
const needsNoDampening = 'sgd: momentumForm "nesterov" needs dampening 0; heavyBall takes dampening';

// As torch.optim.SGD: "Nesterov momentum requires a momentum and zero dampening".
describe("Nesterov's momentum is refused", () => {
  it('without a momentum', () => {
    expect(() => new Sgd({ momentumForm: 'nesterov' })).toThrow(needsMomentum);
    expect(() => new Sgd({ momentumForm: 'nesterov', momentum: 0 })).toThrow(needsMomentum);
  });

  it('with dampening, a scheduled one too', () => {
    for (const dampening of [0.5, () => 0.5]) {
      const options = { momentumForm: 'nesterov', momentum: 0.9, dampening } as const;
      expect(() => new Sgd(options)).toThrow(needsNoDampening);
    }
  });

  it('in a group that has its momentum from the base options', () => {
    const groups = [{ match: 'a', momentumForm: 'nesterov' }] as const;
    expect(() => new Sgd({ groups })).toThrow(needsMomentum.replace('sgd', 'sgd groups[0]'));
    expect(() => new Sgd({ momentum: 0.9, groups })).not.toThrow();
  });

  it('when it would lose its momentum in mid-run, and the momentum stays', () => {
    const optimizer = new Sgd({ momentum: 0.9, groups: [{ match: 'a', momentumForm: 'nesterov' }] });
    expect(() => {
      optimizer.momentum = 0;
    }).toThrow(needsMomentum.replace('sgd', 'sgd groups[0]'));
    expect(() => optimizer.setHyperparameter('dampening', 0.5, 0)).toThrow(
      needsNoDampening.replace('sgd', 'sgd groups[0]'),
    );
    expect(optimizer.momentum).toBe(0.9);
    expect(optimizer.hyperparameterAt('dampening', { target: 0 })).toBe(0);
    expect(optimizer.getConfig().momentum).toBe(0.9);
    optimizer.dampening = 0;
  });
});
