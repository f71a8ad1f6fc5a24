import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { missing as webgpuAbsence } from '../../backend/test/webgpu/webgpu.ts';
import { currentKernels } from '../src/compiler/backend-kernels.ts';
import {
  defineUpdateRule,
  Float64Optimizer,
  likeParameter,
  movingAverage,
  mul,
  oneMinusPower,
  optimizerClass,
  square,
  sub,
  withoutVanished,
} from '../src/index.ts';
import { PlanRunner } from '../src/interpreters/plan-runner.ts';
import { scalarSymbol, tensorSymbol } from '../src/rule/expression.ts';
import type { UpdatePlan } from '../src/rule/plan.ts';
import { evaluateScalar } from '../src/rule/scalar-arithmetic.ts';

beforeEach(() => tf.setBackend('cpu'));
afterAll(() => tf.setBackend('cpu'));

const paper = { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' };

/** Sets the parameter to minus the moving average of its gradients. */
const averagingRule = defineUpdateRule({
  name: 'averaging',
  title: 'Averaging',
  paper,
  hyperparameters: {
    learningRate: { default: 1, minimum: 0, description: 'Not used' },
    beta: { default: 0.75, minimum: 0, below: 1, description: 'Decay of the average' },
  },
  slots: () => ({ average: likeParameter }),
  update({ parameter, gradient, average }, { beta }) {
    const next = movingAverage(gradient, average!, beta);
    return { parameter: mul(0, parameter), average: next };
  },
});
const Averaging = optimizerClass(averagingRule, 'SteepestTestAveraging');

/** The average after each gradient of one element, by either interpreter. */
async function averages(decay: number, gradients: readonly number[]): Promise<[number[], number[]]> {
  const exact = new Float64Optimizer([{ rule: averagingRule as never, options: { beta: decay } }]);
  exact.add({ name: 'weight', shape: [1], size: 1 }, [0]);
  const weight = tf.variable(tf.zeros([1]), true, 'weight');
  const optimizer = new Averaging({ beta: decay });
  const found: [number[], number[]] = [[], []];
  for (const gradient of gradients) {
    exact.step({ weight: [gradient] });
    tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d([gradient]) }));
    found[0].push(exact.slots('weight').average![0]!);
    found[1].push((await optimizer.state()).parameters.weight!.slots.average!.data[0]!);
  }
  optimizer.dispose();
  weight.dispose();
  return found;
}

it('a moving average keeps the share of its decay of what was', async () => {
  // 3/4 * 0 + 1/4 * 4 = 1, then 3/4 * 1 + 1/4 * 8 = 2.75, both exact.
  for (const found of await averages(0.75, [4, 8])) expect(found).toEqual([1, 2.75]);
});

it('a moving average with a decay of 0 is what was observed last, whatever was before', async () => {
  for (const found of await averages(0, [Infinity, 3])) expect(found).toEqual([Infinity, 3]);
});

it.each([
  [0, [0, 8]],
  [1e-16, [0, 8]],
  [undefined, [0, 8]],
  [1e-15, [7, 8]],
  // Not taken for a second moment of 0, which would leave the weight as it is.
  [0, [7, 8], Number.NaN],
])(
  'with the epsilon %s a move without a second moment is left out, or not: %j',
  (epsilon, expected, gradient = 0) => {
    // The second moment is the square of the gradient, and the move is 7 and 8.
    const rule = defineUpdateRule({
      name: 'guarded',
      title: 'Guarded',
      paper,
      hyperparameters: { learningRate: { default: 1, minimum: 0, description: 'Not used' } },
      slots: () => ({}),
      update: ({ parameter, gradient }) => ({
        parameter: sub(parameter, withoutVanished(parameter, square(gradient), epsilon)),
      }),
    });
    const optimizer = new Float64Optimizer([{ rule: rule as never, options: {} }]);
    optimizer.add({ name: 'weight', shape: [2], size: 2 }, [7, 8]);
    optimizer.step({ weight: [gradient as number, 1] });
    expect([...optimizer.value('weight')]).toEqual([7 - expected[0]!, 8 - expected[1]!]);
  },
);

describe('1 less a power', () => {
  const bases = [0, 0.25, 0.9, 0.99, 0.999, 0.9999, 0.999999, 1];
  const counts = [0, 1, 2, 3, 7, 12, 40, 200, 1000, 20_000, 1_000_000];

  it('of a number of the step is the difference in float64', () => {
    const share = oneMinusPower(scalarSymbol('beta'), scalarSymbol('step'));
    for (const beta of bases) {
      for (const step of counts) expect(evaluateScalar(share, { beta, step })).toBe(1 - beta ** step);
    }
  });

  for (const [backend, absence] of [
    ['cpu', undefined],
    ['wasm', undefined],
    ['webgpu', webgpuAbsence],
  ] as const) {
    it.skipIf(absence !== undefined)(`of a number on ${backend} keeps its digits`, async () => {
      await tf.setBackend(backend);
      const count = tensorSymbol('count', [counts.length]);
      const plan: UpdatePlan = {
        outputs: { share: oneMinusPower(scalarSymbol('beta'), count) },
        shapes: { count: count.shape, share: count.shape },
        slots: {},
      };
      if (backend !== 'cpu') expect(currentKernels()!.compile(plan)).toBeDefined();
      const runner = new PlanRunner(plan);
      for (const beta of bases) {
        const share = tf.tidy(
          () => runner.run({ count: tf.tensor1d(counts) }, { beta }, { inPlace: false }).share!,
        );
        const values = await share.data();
        share.dispose();
        for (const [index, x] of values.entries()) {
          // What JavaScript has against the same cancellation. Float32 numbers are 6e-8 to 1.2e-7 apart, relatively, and the difference from
          // beta ** count is off by 1e-5 at beta = 0.999.
          const expected = counts[index] === 0 ? 0 : -Math.expm1(counts[index]! * Math.log(beta));
          expect(Math.abs(x - expected), `${beta} ** ${counts[index]}`).toBeLessThanOrEqual(4e-7 * expected);
        }
      }
    });
  }
});
