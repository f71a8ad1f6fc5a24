import { describe, expect, it } from 'vitest';
import {
  add,
  defineUpdateRule,
  type Expression,
  Float64Optimizer,
  likeParameter,
  mul,
  planUpdate,
  type UpdateRule,
  type WeightDecayMode,
} from '../src/index.ts';
import { descentRule } from './test-rules.ts';

/** What a rule sees of decay, in the digits of one weight: the parameter, then the gradient, `decay` and `l2Decay` in slots. */
function seen(
  owns: Pick<UpdateRule, 'ownsDecay' | 'ownsL2Decay'>,
  weightDecayMode: WeightDecayMode,
): Record<string, number> {
  const rule = defineUpdateRule({
    ...descentRule,
    ...owns,
    name: 'seeing',
    slots: () => ({ gradientSeen: likeParameter, decay: likeParameter, l2Decay: likeParameter }),
    update: ({ parameter, gradient }, { decay, l2Decay }) => {
      const spread = (scalar: Expression): Expression => add(scalar, mul(parameter, 0));
      return { parameter, gradientSeen: gradient, decay: spread(decay), l2Decay: spread(l2Decay) };
    },
  });
  const options = { learningRate: 0.5, weightDecay: 0.25, weightDecayMode, peakLearningRate: 2 };
  const optimizer = new Float64Optimizer([{ rule: rule as unknown as UpdateRule, options }]);
  optimizer.add({ name: 'weight', shape: [1], size: 1 }, [16]);
  optimizer.step({ weight: [1] });
  const { gradientSeen, decay, l2Decay } = optimizer.slots('weight');
  return {
    parameter: optimizer.value('weight')[0]!,
    gradient: gradientSeen![0]!,
    decay: decay![0]!,
    l2Decay: l2Decay![0]!,
  };
}

describe('weight decay', () => {
  const untouched = { parameter: 16, gradient: 1, decay: 0, l2Decay: 0 };

  // Of the parameter 16: lr d = 1/8, d lr / peak = 1/16, d = 1/4, and 1 + 16 d = 5.
  it.each<[WeightDecayMode, object, object, object]>([
    ['decoupled', { parameter: 14 }, { decay: 1 / 8 }, { parameter: 14 }],
    ['independent', { parameter: 15 }, { decay: 1 / 16 }, { parameter: 15 }],
    ['fixed', { parameter: 12 }, { decay: 1 / 4 }, { parameter: 12 }],
    ['l2', { gradient: 5 }, { gradient: 5 }, { l2Decay: 1 / 4 }],
  ])('%s is the engine’s or that of a rule which owns it', (mode, engine, ownsDecay, ownsL2Decay) => {
    expect(seen({}, mode)).toEqual({ ...untouched, ...engine });
    expect(seen({ ownsDecay: true }, mode)).toEqual({ ...untouched, ...ownsDecay });
    expect(seen({ ownsL2Decay: true }, mode)).toEqual({ ...untouched, ...ownsL2Decay });
  });

  it('is among the scalars of a rule that owns L2 decay, whatever the mode is, and of no other', () => {
    const context = {
      parameter: { name: 'weight', shape: [1], size: 1 },
      settings: {},
      constant: () => undefined,
    };
    for (const ownsL2Decay of [true, false]) {
      let names: string[] = [];
      const rule = {
        ...descentRule,
        ownsL2Decay,
        update: ({ parameter }: { parameter: Expression }, scalars: object) => {
          names = Object.keys(scalars);
          return { parameter };
        },
      } as unknown as UpdateRule;
      for (const decay of ['off', 'shrink', 'l2'] as const) {
        planUpdate(rule, context, { decay });
        expect(names.includes('weightDecay')).toBe(ownsL2Decay);
      }
    }
  });
});
