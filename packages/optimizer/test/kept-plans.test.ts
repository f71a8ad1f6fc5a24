import { describe, expect, it, vi } from 'vitest';
import { PlanCache } from '../src/engine/plan-cache.ts';
import { slotVariants } from '../src/engine/slot-variants.ts';
import {
  add,
  flag,
  likeParameter,
  mul,
  oneOf,
  type PlanFeatures,
  planRefresh,
  planUpdate,
  type RuleContext,
  type UpdateRule,
} from '../src/index.ts';
import { descentRule } from './test-rules.ts';

const descent = descentRule as unknown as UpdateRule;
const parameter = { name: 'weight', shape: [4], size: 4 };
const contextOf = (numbers: Readonly<Record<string, number>> = {}, settings = {}): RuleContext => ({
  parameter,
  settings,
  constant: (name) => numbers[name],
});

/** A cache of the plans of a rule, and how often the rule was traced. */
function cacheOf(rule: UpdateRule) {
  const trace = vi.fn((context: RuleContext, features: PlanFeatures) => planUpdate(rule, context, features));
  return { cache: new PlanCache(trace), trace };
}

describe('the plans of a parameter', () => {
  /** Another plan for every learning rate that is a constant. */
  const folding: UpdateRule = {
    ...descent,
    update: ({ parameter: p }, _, { constant }) => ({ parameter: add(p, constant('learningRate') ?? -1) }),
  };

  it('are kept for the last eight numbers that a rule has folded in', () => {
    const { cache, trace } = cacheOf(folding);
    const at = (learningRate: number) => cache.runnerFor(contextOf({ learningRate }));
    const runners = [1, 2, 3, 4, 5, 6, 7, 8].map(at);
    expect(new Set(runners).size).toBe(8);
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(at)).toEqual(runners);
    expect(trace).toHaveBeenCalledTimes(8);
    at(9);
    // The newest eight are 2 to 9.
    expect(at(2)).toBe(runners[1]);
    expect(trace).toHaveBeenCalledTimes(9);
    expect(at(1)).not.toBe(runners[0]);
    expect(trace).toHaveBeenCalledTimes(10);
  });

  it('are told apart by numbers that are equal and not the same, and by one that is a schedule', () => {
    const { cache, trace } = cacheOf(folding);
    cache.runnerFor(contextOf({ learningRate: 0 }));
    cache.runnerFor(contextOf({ learningRate: -0 }));
    cache.runnerFor(contextOf({ learningRate: Number.NaN }));
    cache.runnerFor(contextOf());
    expect(trace).toHaveBeenCalledTimes(4);
    cache.runnerFor(contextOf({ learningRate: Number.NaN }));
    cache.runnerFor(contextOf({ learningRate: -0 }));
    expect(trace).toHaveBeenCalledTimes(4);
  });

  it('take the place of an equal one, so that a number which makes no difference crowds out none', () => {
    const { cache, trace } = cacheOf({
      ...descent,
      update: ({ parameter: p }, _, { constant }) => ({
        parameter: (constant('learningRate') ?? 0) > 100 ? p : add(p, 1),
      }),
    });
    const first = cache.runnerFor(contextOf({ learningRate: 101 }));
    for (let rate = 1; rate <= 20; rate++) cache.runnerFor(contextOf({ learningRate: rate }));
    expect(trace).toHaveBeenCalledTimes(21);
    expect(cache.runnerFor(contextOf({ learningRate: 101 }))).toBe(first);
    expect(trace).toHaveBeenCalledTimes(21);
  });

  it('are one for features that are the same, in any order', () => {
    const { cache, trace } = cacheOf(descent);
    cache.runnerFor(contextOf(), { decay: 'l2', maximize: true });
    cache.runnerFor(contextOf(), { maximize: true, decay: 'l2' });
    expect(trace).toHaveBeenCalledTimes(1);
    cache.runnerFor(contextOf(), { decay: 'l2' });
    cache.runnerFor(contextOf(), { decay: 'l2', maximize: true, clipValue: true });
    cache.runnerFor(contextOf(), { decay: 'shrink', maximize: true });
    expect(trace).toHaveBeenCalledTimes(4);
  });

  it('differ by shapes, slots, outputs, and by which nodes they share', () => {
    const variants: UpdateRule['update'][] = [
      ({ parameter: p }) => ({ parameter: p }),
      ({ parameter: p }) => ({ parameter: add(p, 1) }),
      ({ parameter: p }) => ({ parameter: add(1, p) }),
      ({ parameter: p }) => {
        const next = add(p, 1);
        return { parameter: mul(next, next) };
      },
      ({ parameter: p }) => ({ parameter: mul(add(p, 1), add(p, 1)) }),
    ];
    const { cache } = cacheOf({
      ...descent,
      update: (tensors, scalars, context) =>
        variants[context.constant('learningRate')!]!(tensors, scalars, context),
    });
    const runners = variants.map((_, index) => cache.runnerFor(contextOf({ learningRate: index })));
    expect(new Set(runners).size).toBe(variants.length);

    const initials = cacheOf({
      ...descent,
      slots: ({ constant }) => ({ kept: { ...likeParameter, initial: constant('learningRate')! } }),
      update: ({ parameter: p, kept }) => ({ parameter: p, kept: kept! }),
    });
    const [one, other] = [1, 2].map((initial) =>
      initials.cache.runnerFor(contextOf({ learningRate: initial })),
    );
    expect(one).not.toBe(other);
    expect(other!.plan.slots.kept!.initial).toBe(2);

    const views = cacheOf({
      ...descent,
      view: ({ constant }) => [constant('learningRate')!, 4 / constant('learningRate')!],
      update: ({ parameter: p }) => ({ parameter: p }),
    });
    const shapes = [1, 2, 4].map(
      (rows) => views.cache.runnerFor(contextOf({ learningRate: rows })).plan.shapes,
    );
    expect(shapes.map(({ parameter: shape }) => shape)).toEqual([
      [1, 4],
      [2, 2],
      [4, 1],
    ]);
  });

  it('are none where a rule has none of a kind', () => {
    const cache = new PlanCache((context: RuleContext) => planRefresh(descent, context));
    expect(cache.runnerFor(contextOf())).toBeUndefined();
  });
});

describe('the slots that a rule keeps under some options', () => {
  const rule: UpdateRule = {
    ...descent,
    hyperparameters: {
      ...descent.hyperparameters,
      momentum: { default: 0, description: 'Decay' },
      share: { default: 0, description: 'Share' },
    },
    settings: {
      nesterov: flag(false, 'Look ahead'),
      form: oneOf(['plain', 'signed', 'refused'], 'plain', 'Form'),
      free: { default: 1, description: 'Any number', check: () => undefined },
    },
    slots: ({ constant, settings }) => {
      if (settings.form === 'refused') throw new Error('refused');
      return {
        always: likeParameter,
        ...(constant('momentum') === 0 ? {} : { velocity: likeParameter }),
        ...(constant('share') === 0.5 ? { half: likeParameter } : {}),
        ...(constant('share') === undefined ? { scheduled: likeParameter } : {}),
        ...(settings.nesterov ? { ahead: likeParameter } : {}),
        ...(settings.form === 'signed' ? { signs: likeParameter } : {}),
        ...(settings.free === 1 ? { freely: likeParameter } : {}),
      };
    },
  };

  it('are found by asking it about each other choice', () => {
    const settings = { nesterov: false, form: 'plain', free: 1 };
    const { always, ever } = slotVariants(
      rule,
      contextOf({ momentum: 0, share: 0, learningRate: 1 }, settings),
    );
    expect([...always].sort()).toEqual(['always', 'freely']);
    expect([...ever].sort()).toEqual(
      ['ahead', 'always', 'freely', 'half', 'scheduled', 'signs', 'velocity'].sort(),
    );
  });

  it('start from the options in force', () => {
    const settings = { nesterov: true, form: 'signed', free: 2 };
    const { always, ever } = slotVariants(
      rule,
      contextOf({ momentum: 0.9, share: 1, learningRate: 1 }, settings),
    );
    expect([...always]).toEqual(['always']);
    expect(ever.has('freely')).toBe(false);
    expect(ever.has('ahead') && ever.has('signs') && ever.has('velocity')).toBe(true);
  });
});
