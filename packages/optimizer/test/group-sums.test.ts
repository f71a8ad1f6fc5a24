import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { missing as webgpuAbsence } from '../../backend/test/webgpu/webgpu.ts';
import {
  abs,
  add,
  decodeState,
  defineUpdateRule,
  div,
  encodeState,
  equal,
  Float64Optimizer,
  likeParameter,
  mul,
  type OptimizerState,
  optimizerClass,
  sub,
  transform,
  where,
} from '../src/index.ts';

let fails = false;

/**
 * Moves by the sign-free part of the gradients of all parameters: with `G` the sum of `|gradient|` over all of them and `T` that of
 * all steps, `parameter -= learningRate * gradient / T`, where `trace` keeps the `T` of before.
 */
const sharedRule = defineUpdateRule({
  name: 'shared',
  title: 'Shared',
  paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
  hyperparameters: { learningRate: { default: 1, minimum: 0, description: 'Step size' } },
  settings: { first: { default: 0, description: 'First total', check: () => undefined } },
  groupState: {
    initial: { total: ({ first }) => first, steps: 0 },
    sums: {
      magnitude: ({ gradient }, { learningRate }) => mul(learningRate, abs(gradient)),
      // Sees the number of before the step, and the state.
      weighted: ({ gradient, trace }, { total, step }) => mul(mul(add(total!, trace!), step), gradient),
    },
    next: ({ total, steps, magnitude, weighted }) => ({
      total: add(add(total!, magnitude!), mul(0.25, weighted!)),
      steps: add(steps!, 1),
    }),
  },
  slots: () => ({ trace: likeParameter }),
  update({ parameter, gradient, trace }, scalars, { parameter: { name, shape } }) {
    const failing = transform(
      {
        name: 'failing',
        shape,
        onTensors: ([x]) => {
          if (fails) throw new Error('no room');
          return x!;
        },
        inFloat64: ([x]) => x!.data,
      },
      [gradient],
    );
    const move = div(mul(scalars.learningRate, name === 'z' ? failing : gradient), scalars.total!);
    return {
      parameter: where(equal(scalars.magnitude!, 0), parameter, sub(parameter, move)),
      trace: add(mul(0, trace!), scalars['before:total']!),
    };
  },
});
const Shared = optimizerClass(sharedRule, 'SteepestTestShared');
type Options = ConstructorParameters<typeof Shared>[0];
type Gradients = Readonly<Record<string, readonly number[] | null>>;

const start: Gradients = { a: [8, 8], b: [8], z: [8, 8, 8] };

function withVariables<T>(
  run: (
    apply: (optimizer: InstanceType<typeof Shared>, gradients: Gradients) => void,
    values: () => Promise<Record<string, readonly number[]>>,
  ) => Promise<T>,
): Promise<T> {
  const variables = tf.tidy(() =>
    Object.entries(start).map(([name, value]) => tf.variable(tf.tensor1d([...value!]), true, name)),
  );
  const apply = (optimizer: InstanceType<typeof Shared>, gradients: Gradients): void =>
    tf.tidy(() => {
      const tensors = Object.entries(gradients).map(([name, g]) => [
        name,
        g === null ? null : tf.tensor1d([...g]),
      ]);
      optimizer.applyGradients(Object.fromEntries(tensors));
    });
  const values = async (): Promise<Record<string, readonly number[]>> => {
    const read = variables.map(async (variable) => [variable.name, [...(await variable.data())]] as const);
    return Object.fromEntries(await Promise.all(read));
  };
  return run(apply, values).finally(() => tf.dispose(variables));
}

// The kernels of cpu under another name: JavaScript is not to read it at once, as it cannot read WebGPU.
tf.copyRegisteredKernels('cpu', 'asynchronous');
tf.registerBackend('asynchronous', tf.findBackendFactory('cpu'));
const refuseSynchronousReads = () =>
  vi.spyOn(tf.Tensor.prototype, 'dataSync').mockImplementation(() => {
    throw new Error('a synchronous read');
  });
afterAll(() => tf.setBackend('cpu'));

const backends = [
  ['cpu', undefined],
  ['wasm', undefined],
  ['asynchronous', undefined],
  ['webgpu', webgpuAbsence],
] as const;

for (const [backend, absence] of backends) {
  describe.skipIf(absence !== undefined)(`sums over all parameters on ${backend}`, () => {
    beforeEach(async () => {
      await tf.setBackend(backend);
      if (backend === 'asynchronous') refuseSynchronousReads();
    });
    afterEach(() => {
      vi.restoreAllMocks();
      fails = false;
    });

    it('reach every parameter in the same step, over all groups', () =>
      withVariables(async (apply, values) => {
        // The group's rate is half: its gradients count half in the sum, and move half.
        const optimizer = new Shared({ groups: [{ match: 'b', learningRate: 0.5 }] });
        apply(optimizer, { a: [1, -2], b: [2], z: [0, 0, 0] }); // |1| + |-2| + 0.5 |2| = 4
        expect(await values()).toEqual({ a: [8 - 1 / 4, 8 + 2 / 4], b: [8 - 0.5 * (2 / 4)], z: [8, 8, 8] });
        expect((await optimizer.state()).groups).toEqual([{}, { total: 4, steps: 1 }]);
        optimizer.dispose();
      }));

    it('leave out parameters without a gradient, and are 0 where none has one', () =>
      withVariables(async (apply, values) => {
        const optimizer = new Shared({ first: 2 });
        apply(optimizer, {});
        expect((await optimizer.state()).groups).toEqual([{ total: 2, steps: 1 }]);
        apply(optimizer, { a: [0, 0], b: null });
        expect((await values()).a).toEqual([8, 8]);
        apply(optimizer, { b: [-2], z: null });
        // weighted = (2 + 0) * 1 * -2 = -4, a quarter of which is -1; |-2| = 2.
        expect((await optimizer.state()).groups).toEqual([{ total: 3, steps: 3 }]);
        expect((await values()).b).toEqual([Math.fround(8 + 2 / 3)]);
        optimizer.dispose();
      }));

    it('show numbers and slots as before the step to sums, and both values to the update', () =>
      withVariables(async (apply) => {
        const optimizer = new Shared();
        apply(optimizer, { a: [4, 0] }); // total 4, trace 0
        apply(optimizer, { a: [2, 2] }); // weighted = (4 + 0) * 2 * 4 = 32: total 4 + 4 + 8 = 16, trace 4
        expect(await optimizer.groupNumbers()).toEqual([{ total: 16, steps: 2 }]);
        apply(optimizer, { a: [1, 0] }); // weighted = (16 + 4) * 3 * 1 = 60: total 16 + 1 + 15 = 32, trace 16
        const state = await optimizer.state();
        expect(state.groups).toEqual([{ total: 32, steps: 3 }]);
        expect([...state.parameters.a!.slots.trace!.data]).toEqual([16, 16]);
        optimizer.dispose();
      }));

    it('see the gradient that the rule sees: averaged, turned, clipped and with L2 decay', () =>
      withVariables(async (apply) => {
        const totals = async (options: Options, micro: readonly Gradients[]): Promise<number> => {
          const optimizer = new Shared(options);
          for (const gradients of micro) apply(optimizer, gradients);
          const { groups } = await optimizer.state();
          optimizer.dispose();
          return groups!.at(-1)!.total!;
        };
        // Before anything has moved: -1 + 0.5 * 8
        expect(await totals({ weightDecay: 0.5, weightDecayMode: 'l2', maximize: true }, [{ b: [1] }])).toBe(
          3,
        );
        expect(await totals({ accumulationSteps: 2 }, [{ a: [1, 2] }, { a: [3, -4], b: [8] }])).toBe(
          2 + 1 + 4,
        );
        expect(await totals({ clipValue: 1 }, [{ a: [0.5, -4] }])).toBe(1.5);
        expect(await totals({ clipGlobalNorm: 2.5, clipEpsilon: 0 }, [{ a: [3, -4] }])).toBe(3.5);
      }));

    it('see the gradient with what a filter adds, whose state is packed', () =>
      withVariables(async (apply) => {
        const optimizer = new Shared({
          gradientFilter: { kind: 'average', decay: 0.5, strength: 2 },
          stateFormat: '8bit',
          stateMinimumSize: 2,
        });
        // The average of gradients of 1 is 1, which 8 bits hold: the rule sees 1 + 2 * 1.
        apply(optimizer, { a: [1, 1], b: [1] }); // 3 + 3 + 3
        expect((await optimizer.state()).groups).toEqual([{ total: 9, steps: 1 }]);
        apply(optimizer, { a: [1, 1], b: [1] }); // weighted = 9 * 2 * (3 + 3 + 3): total 9 + 9 + 40.5
        expect((await optimizer.state()).groups).toEqual([{ total: 58.5, steps: 2 }]);
        const { slots } = (await optimizer.state()).parameters.a!;
        expect(slots.filteredGradient!.format).toBe('8bit-signed');
        optimizer.dispose();
      }));

    it('change nothing in a step that fails, whatever failed before', () =>
      withVariables(async (apply, values) => {
        const optimizer = new Shared({ first: 1 });
        const gradients = { a: [1, 0], b: [1], z: [1, 0, 0] };
        apply(optimizer, gradients);
        const [before, valuesBefore, tensors] = [
          await optimizer.state(),
          await values(),
          tf.memory().numTensors,
        ];
        fails = true;
        expect(() => apply(optimizer, gradients)).toThrow('no room');
        expect(tf.memory().numTensors).toBe(tensors);
        fails = false;
        expect(await optimizer.state()).toEqual(before);
        expect(await values()).toEqual(valuesBefore);
        optimizer.dispose();
      }));

    it('resume bit for bit from every form of saved state, and hold no tensors in the end', async () => {
      const tensors = tf.memory().numTensors;
      const gradients = (step: number): Gradients => ({
        a: [Math.sin(step), 0.3],
        b: [step / 7],
        z: [1 / 3, 0.1, -1],
      });
      const run = async (
        through?: (from: InstanceType<typeof Shared>, into: InstanceType<typeof Shared>) => Promise<void>,
      ) =>
        withVariables(async (apply, values) => {
          let optimizer = new Shared({ first: 1 });
          for (let step = 1; step <= 6; step++) {
            if (step === 4 && through !== undefined) {
              const next = new Shared({ first: 5 });
              await through(optimizer, next);
              optimizer.dispose();
              optimizer = next;
            }
            apply(optimizer, gradients(step));
          }
          const state = await optimizer.state();
          optimizer.dispose();
          return { values: await values(), state };
        });
      const expected = await run();
      expect(await run(async (from, into) => into.loadState(await from.state()))).toEqual(expected);
      const file = async (from: InstanceType<typeof Shared>) => encodeState(await from.state());
      expect(
        await run(async (from, into) => into.loadState(decodeState(await file(from)) as OptimizerState)),
      ).toEqual(expected);
      expect(await run(async (from, into) => into.setWeights(await from.getWeights()))).toEqual(expected);
      expect(tf.memory().numTensors).toBe(tensors);
    });
  });
}

describe('sums over all parameters', () => {
  it('are those of the float64 engine', () => {
    const optimizer = new Float64Optimizer([
      { rule: sharedRule, options: { first: 2, groups: [{ match: 'b', learningRate: 0.5 }] } },
    ]);
    optimizer.add({ name: 'a', shape: [2], size: 2 }, [8, 8]);
    optimizer.add({ name: 'b', shape: [1], size: 1 }, [8]);
    optimizer.step({ a: [1, -2], b: [2] });
    // magnitude 1 + 2 + 1, weighted 2 (1 - 2 + 2): total 2 + 4 + 0.5
    expect([...optimizer.value('a')]).toEqual([8 - 1 / 6.5, 8 + 2 / 6.5]);
    expect([...optimizer.value('b')]).toEqual([8 - 1 / 6.5]);
    optimizer.step({ a: null, b: [0] });
    expect([...optimizer.slots('b').trace!]).toEqual([6.5]);
  });

  it('follow the backend: their numbers move to a device and back', async () => {
    const optimizer = new Shared();
    const totals: number[] = [];
    for (const [step, backend] of ['cpu', 'asynchronous', 'cpu'].entries()) {
      await tf.setBackend(backend);
      const weight = tf.variable(tf.ones([1]), true, `weight${step}`);
      tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.ones([1]) }));
      totals.push((await optimizer.state()).groups![0]!.total!);
      weight.dispose();
    }
    // Every weight is new: weighted = total.
    expect(totals).toEqual([1, 1 + 1 + 1 / 4, 2.25 + 1 + 2.25 / 4]);
    optimizer.dispose();
  });

  const rule = (parts: object) => ({ ...sharedRule, ...parts }) as unknown as typeof sharedRule;

  it('cannot be had beside a refresh or an average', () => {
    for (const part of ['refresh', 'average']) {
      expect(() => defineUpdateRule(rule({ [part]: () => ({}) }))).toThrow(
        `update rule "shared" has sums over all parameters, beside which there can be no ${part}`,
      );
    }
  });

  it('name what is wrong with the numbers of a rule', () => {
    const step = (groupState: object) => {
      const optimizer = new Float64Optimizer([
        { rule: rule({ groupState: { ...sharedRule.groupState, ...groupState } }), options: {} },
      ]);
      optimizer.add({ name: 'a', shape: [1], size: 1 }, [1]);
      optimizer.step({ a: [1] });
    };
    expect(() => step({ next: () => ({ total: add(1, 1) }) })).toThrow(
      'rule "shared": groupState.next must return {steps, total}, got {total}',
    );
    expect(() =>
      step({ next: ({ totl }: Record<string, never>) => ({ total: add(totl!, 1), steps: add(1, 1) }) }),
    ).toThrow(
      'rule "shared": in groupState.next, add takes expressions and numbers, got undefined; it reads "totl" (did you mean "total"?)',
    );
    expect(() => step({ sums: { magnitude: ({ slope }: Record<string, never>) => abs(slope!) } })).toThrow(
      'rule "shared": in groupState.sums, abs takes expressions and numbers, got undefined; it reads "slope"',
    );
  });

  it('refuse saved numbers under other names', async () => {
    const optimizer = new Shared({ groups: [{ match: 'b' }] });
    const state = { schemaVersion: 1 as const, optimizer: 'shared', step: 1, parameters: {} };
    await expect(optimizer.loadState({ ...state, groups: [{}, { total: 1 }] })).rejects.toThrow(
      'saved state of shared has the group numbers {} {total}, but {} {steps, total} are kept',
    );
    await expect(optimizer.loadState(state)).rejects.toThrow(
      'saved state of shared has the group numbers of no group, but {} {steps, total} are kept',
    );
    optimizer.dispose();
  });
});
