import { describe, expect, it } from 'vitest';
import {
  defineUpdateRule,
  type Expression,
  type GroupState,
  likeParameter,
  mean,
  mul,
  planAverage,
  planRefresh,
  planUpdate,
  sub,
  type UpdateRule,
} from '../src/index.ts';

const parameter = { name: 'weight', shape: [2], size: 2 };
const context = { parameter, settings: {}, constant: () => undefined };

/** A rule with the slot momentum and the hyperparameters learningRate and beta. */
function ruleWith(methods: Partial<UpdateRule>): UpdateRule {
  return {
    name: 'mine',
    title: 'Mine',
    paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
    hyperparameters: {
      learningRate: { default: 1, description: 'Step size' },
      beta: { default: 0.9, description: 'Decay' },
    },
    slots: () => ({ momentum: likeParameter }),
    update: ({ parameter, momentum }) => ({ parameter, momentum: momentum! }),
    ...methods,
  };
}
const there = 'Tensors: parameter, gradient, momentum. Scalars: learningRate, beta, step, iteration, decay';

describe('an error names the rule and what it misspelt', () => {
  it('where a slot is', () => {
    const rule = ruleWith({
      update: ({ parameter, momentun }, { learningRate }) => ({
        parameter: sub(parameter, mul(learningRate!, momentun!)),
        momentum: momentun!,
      }),
    });
    expect(() => planUpdate(rule, context)).toThrow(
      `rule "mine": in update, mul takes expressions and numbers, got undefined; it reads "momentun" (did you mean "momentum"?). ${there}`,
    );
  });

  it('where a slot is among the rest', () => {
    const rule = ruleWith({
      update: ({ parameter, ...slots }) => ({ parameter, momentum: mean(slots.momentun!) }),
    });
    expect(() => planUpdate(rule, context)).toThrow(
      `rule "mine": in update, mean takes expressions and numbers, got undefined. ${there}`,
    );
  });

  it('where a hyperparameter is', () => {
    const rule = ruleWith({
      update: ({ parameter, momentum }, { learningrate }) => ({
        parameter: sub(parameter, learningrate!),
        momentum: momentum!,
      }),
    });
    expect(() => planUpdate(rule, context)).toThrow('it reads "learningrate" (did you mean "learningRate"?)');
  });

  it('where a new value is', () => {
    const rule = ruleWith({ update: ({ parameter, velocity }) => ({ parameter, momentum: velocity! }) });
    expect(() => planUpdate(rule, context)).toThrow(
      'in update, the new value of momentum takes expressions and numbers, got undefined; it reads "velocity"',
    );
  });

  it('in a refresh and in an average', () => {
    const refresh: UpdateRule['refresh'] = ({ momentun }) => ({ momentum: mul(2, momentun!) });
    expect(() => planRefresh(ruleWith({ refresh }), context)).toThrow('rule "mine": in refresh, mul takes');
    const average: UpdateRule['average'] = ({ momentun }) => momentun!;
    expect(() => planAverage(ruleWith({ average }), context)).toThrow(
      'rule "mine": in average, the new value',
    );
  });
});

it('a slot that is there in some variants may be asked for', () => {
  const rule = ruleWith({
    update: ({ parameter, gradient, momentum, extra }) => ({
      parameter: extra === undefined ? sub(parameter, gradient) : extra,
      momentum: momentum!,
    }),
  });
  expect(Object.keys(planUpdate(rule, context).outputs)).toEqual(['parameter', 'momentum']);
});

describe('a rule is refused', () => {
  const spec = { default: 1, description: 'A number' };

  it.each(['step', 'iteration', 'decay', 'weightDecay', 'averageDecay', 'gradientCount', 'clipValue'])(
    'that would take %s, a number of the engine, as a hyperparameter or a number of its groups',
    (name) => {
      const message = `update rule "mine" cannot have a scalar called ${name}: the engine's own is`;
      const { hyperparameters } = ruleWith({});
      expect(() =>
        defineUpdateRule(ruleWith({ hyperparameters: { ...hyperparameters, [name]: spec } })),
      ).toThrow(message);
      const next: GroupState['next'] = (numbers) => ({ [name]: numbers[name]! });
      expect(() => defineUpdateRule(ruleWith({ groupState: { initial: { [name]: 0 }, next } }))).toThrow(
        message,
      );
      const sums = { [name]: ({ gradient }: { readonly gradient: Expression }) => gradient };
      expect(() => defineUpdateRule(ruleWith({ groupState: { initial: {}, next, sums } }))).toThrow(message);
    },
  );

  it('that has no learning rate', () => {
    expect(() => defineUpdateRule(ruleWith({ hyperparameters: { beta: spec } }))).toThrow(
      'update rule "mine" needs a hyperparameter called learningRate',
    );
  });
});
