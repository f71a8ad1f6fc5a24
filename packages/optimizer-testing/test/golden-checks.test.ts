import {
  defineUpdateRule,
  lerp,
  likeParameter,
  mul,
  neg,
  optimizerClass,
  sign,
  sub,
  type UpdateRule,
} from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { goldenChecks, readTrajectories, recordedOptions, type Trajectory } from '../src/index.ts';

// Sign momentum on two weights, worked out by hand: m = g / 2 + m / 2, p -= rate * sign(m).
const byHand: Trajectory = {
  optimizer: 'sign-momentum',
  case: 'by-hand',
  source: 'worked out by hand',
  hyper: { learningRate: 0.25 },
  params: [{ name: 'golden-checks-weight', shape: [2], role: 'matrix', init: [1, -1] }],
  learningRates: [0.25, 0.125],
  grads: [[[2, -4]], [[-1, 2]]],
  expected: { steps: [1, 2], params: [[[0.75, -0.75]], [[0.75, -0.75]]], state: { momentum: [[0, 0]] } },
};

const rule = defineUpdateRule({
  name: 'sign-momentum',
  title: 'Sign momentum',
  paper: { authors: 'none', year: 2026, title: 'none', source: 'none' },
  hyperparameters: { learningRate: { default: 0.1, minimum: 0, description: 'Step size' } },
  slots: () => ({ momentum: likeParameter }),
  update({ parameter, gradient, momentum: previous }, { learningRate }) {
    const momentum = lerp(gradient, previous!, 0.5);
    return { parameter: sub(parameter, mul(learningRate, sign(momentum))), momentum };
  },
});

/** How many of the checks fail for a rule, of how many. */
async function failures(
  tested: UpdateRule<'learningRate', Record<never, never>>,
  name: string,
  trajectory = byHand,
) {
  const optimizer = optimizerClass(tested, `GoldenChecks${name}`);
  const checks = goldenChecks({ optimizer, trajectories: [trajectory], optionsOf: recordedOptions });
  const outcomes = await Promise.allSettled(checks.map(({ run }) => run()));
  return { failed: outcomes.filter(({ status }) => status === 'rejected').length, of: checks.length };
}

describe('goldenChecks', () => {
  it('pass for the rule that made the run', async () => {
    expect(await failures(rule, 'Right')).toEqual({ failed: 0, of: 2 });
  });

  it('all fail when the sign of the update is flipped', async () => {
    const flipped = {
      ...rule,
      update: (...given: Parameters<typeof rule.update>) => {
        const [{ parameter }, { learningRate }] = given;
        const { momentum } = rule.update(...given);
        return { parameter: sub(parameter, mul(learningRate, neg(sign(momentum!)))), momentum: momentum! };
      },
    };
    expect(await failures(flipped, 'Flipped')).toEqual({ failed: 2, of: 2 });
  });

  it('all fail when the parameters are right and the state is not', async () => {
    const doubled = {
      ...rule,
      update: (...given: Parameters<typeof rule.update>) => {
        const { parameter, momentum } = rule.update(...given);
        return { parameter: parameter!, momentum: mul(momentum!, 2) };
      },
    };
    const run = {
      ...byHand,
      expected: { ...byHand.expected, state: { momentum: [[1, -2]] } },
      grads: [byHand.grads[0]!],
    };
    const oneStep = { ...run, expected: { ...run.expected, steps: [1], params: [run.expected.params[0]!] } };
    expect(await failures(rule, 'OneStep', oneStep)).toEqual({ failed: 0, of: 2 });
    expect(await failures(doubled, 'Doubled', oneStep)).toEqual({ failed: 2, of: 2 });
  });

  it('fail on a value that is not a number', async () => {
    const run = { ...byHand, grads: [[[Number.NaN, 1]], [[1, 1]]] };
    expect((await failures(rule, 'NotANumber', run)).failed).toBe(2);
  });
});

describe('readTrajectories', () => {
  it('refuses a folder without recorded runs', () => {
    expect(() => readTrajectories(new URL('.', import.meta.url))).toThrow('there are no recorded runs in');
  });
});
