import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kernelProgram } from '../src/compiler/kernel-program.ts';
import {
  add,
  type Expression,
  log,
  mean,
  memoryTraffic,
  mul,
  type Shape,
  sub,
  sum,
  type UpdatePlan,
  where,
} from '../src/index.ts';
import { PlanRunner } from '../src/interpreters/plan-runner.ts';
import { scalarSymbol, tensorSymbol } from '../src/rule/expression.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});
afterAll(async () => {
  await tf.setBackend('cpu');
});

function planOf(
  shapes: Readonly<Record<string, Shape>>,
  build: (tensors: Readonly<Record<string, Expression>>) => Record<string, Expression>,
): UpdatePlan {
  const tensors = Object.entries(shapes).map(([name, shape]) => [name, tensorSymbol(name, shape)]);
  return { shapes, slots: {}, outputs: build(Object.fromEntries(tensors)) };
}
/** Elements moved by each pass together, of 4 bytes. */
const moved = (plan: UpdatePlan): number => memoryTraffic(plan)!.moved / 4;

describe('a compiled plan has no pass too many', () => {
  it('for a sum over axes of length 1, which is its operand', () => {
    const column = planOf({ parameter: [6, 1], gradient: [6, 1] }, ({ parameter, gradient }) => ({
      parameter: sub(parameter!, mean(mul(gradient!, 2), [1])),
    }));
    // Both are read and the parameter is written.
    expect([kernelProgram(column)!.passes.length, moved(column)]).toEqual([1, 18]);
    const single = planOf({ parameter: [1], gradient: [1] }, ({ parameter, gradient }) => ({
      parameter: sub(parameter!, sum(gradient!)),
    }));
    expect([kernelProgram(single)!.passes.length, moved(single)]).toEqual([1, 3]);
  });

  it('for two sums of one tensor, nor for two new values of a size', () => {
    const plan = planOf(
      { parameter: [6, 4], gradient: [6, 4], slot: [6, 4] },
      ({ parameter, gradient, slot }) => ({
        parameter: sub(parameter!, mul(mean(gradient!), sum(mul(gradient!, gradient!)))),
        slot: add(slot!, gradient!),
      }),
    );
    // The gradient for two sums; the product of these; then both values with it.
    const { passes, temporaries } = kernelProgram(plan)!;
    expect(passes.map(({ stores, reductions }) => [stores.length, reductions.length])).toEqual([
      [0, 2],
      [1, 0],
      [2, 0],
    ]);
    expect(temporaries.length).toBe(3);
  });

  it('for a value of few elements that many read: it is computed once, in a walk of its own', () => {
    const plan = planOf({ parameter: [6, 4], row: [1, 4] }, ({ parameter, row }) => ({
      parameter: sub(parameter!, mul(add(row!, 1), add(row!, 1))),
    }));
    const { passes, temporaries } = kernelProgram(plan)!;
    expect(
      passes.map(({ instructions }) => instructions.filter(({ kind }) => kind === 'binary').length),
    ).toEqual([3, 1]);
    expect(temporaries.length).toBe(1);
  });

  it('for a new value of few elements that fills a larger shape', () => {
    const plan = planOf({ parameter: [6, 4], row: [1, 4] }, ({ row }) => ({
      parameter: add(mul(row!, 2), 1),
    }));
    const { passes } = kernelProgram(plan)!;
    expect(passes.map(({ instructions }) => instructions.map(({ kind }) => kind))).toEqual([
      ['load', 'constant', 'binary', 'constant', 'binary'],
      ['load'],
    ]);
  });

  it('nor one too few where a slot takes the value of a scalar of its own name', () => {
    const plan: UpdatePlan = {
      shapes: { rate: [3] },
      slots: {},
      outputs: { rate: scalarSymbol('rate') },
    };
    expect(kernelProgram(plan)!.passes.map(({ stores }) => stores.length)).toEqual([1]);
    tf.tidy(() => {
      const rate = tf.tensor1d([1, 2, 3]);
      const outputs = new PlanRunner(plan).run({ rate }, { rate: 0.5 }, { inPlace: true });
      expect([...outputs.rate!.dataSync()]).toEqual([0.5, 0.5, 0.5]);
    });
  });

  it('for what no output needs, or what stays as it is', () => {
    const plan = planOf({ parameter: [6], kept: [6], gradient: [6] }, ({ parameter, kept, gradient }) => {
      mean(gradient!);
      return { parameter: add(parameter!, 1), kept: kept! };
    });
    const { passes, inputs, outputs } = kernelProgram(plan)!;
    expect([passes.length, inputs.map(({ name }) => name), outputs.map(({ name }) => name)]).toEqual([
      1,
      ['parameter'],
      ['parameter'],
    ]);
  });

  it('but copies what another pass reads before it is overwritten', () => {
    const plan = planOf({ parameter: [6, 4], row: [1, 4] }, ({ parameter, row }) => ({
      row: add(row!, 1),
      parameter: sub(parameter!, mul(row!, mean(parameter!))),
    }));
    const { passes } = kernelProgram(plan)!;
    // The mean; the new row, which waits; the old row times the mean; the new parameter; the new row in its place.
    expect(passes.map(({ stores }) => stores.map(({ target }) => target.kind))).toEqual([
      [],
      ['temporary'],
      ['temporary'],
      ['output'],
      ['output'],
    ]);
    expect(passes.at(-1)).toMatchObject({ instructions: [{ kind: 'load', source: { kind: 'temporary' } }] });
  });
});

it('a compiled plan with an output that is none of its inputs makes a tensor for it, and leaves the inputs as they are', () => {
  const plan = planOf({ parameter: [3], gradient: [3] }, ({ parameter, gradient }) => ({
    parameter: sub(parameter!, gradient!),
    total: sum(gradient!),
  }));
  tf.tidy(() => {
    const inputs = { parameter: tf.tensor1d([4, 5, 6]), gradient: tf.tensor1d([1, 2, 4]) };
    const finish = new PlanRunner({ ...plan, shapes: { ...plan.shapes, total: [1] } }).stage(inputs, {});
    const { parameter, total } = finish();
    expect([[...parameter!.dataSync()], [...total!.dataSync()]]).toEqual([[3, 3, 2], [7]]);
    expect([...inputs.parameter.dataSync()]).toEqual([4, 5, 6]);
  });
});

describe('a scalar of a compiled plan', () => {
  it('is one operand however often it is read, and constants are part of the code', () => {
    const rate = scalarSymbol('rate');
    const plan = planOf({ parameter: [6] }, ({ parameter }) => ({
      parameter: add(mul(parameter!, rate), mul(mul(parameter!, parameter!), rate)),
    }));
    expect(kernelProgram(plan)!.uniforms).toEqual([rate]);
    const constants = planOf({ parameter: [6] }, ({ parameter }) => ({
      parameter: mul(add(parameter!, 1), 3),
    }));
    expect(kernelProgram(constants)!.uniforms).toEqual([]);
  });

  it('decides a branch as the number 0 or 1', () => {
    const plan = planOf({ parameter: [6] }, ({ parameter }) => ({
      parameter: where(scalarSymbol('on'), add(parameter!, 1), parameter!),
    }));
    expect(kernelProgram(plan)!.uniforms).toMatchObject([
      { kind: 'where', whenTrue: { value: 1 }, whenFalse: { value: 0 }, shape: null },
    ]);
  });

  it('may hold what a tensor may not', () => {
    const plan = planOf({ parameter: [6] }, ({ parameter }) => ({
      parameter: mul(parameter!, log(scalarSymbol('rate'))),
    }));
    expect(kernelProgram(plan)!.uniforms).toHaveLength(1);
    const ofTensor = planOf({ parameter: [6] }, ({ parameter }) => ({ parameter: log(parameter!) }));
    expect(kernelProgram(ofTensor)).toBeUndefined();
  });
});

describe('the code of a plan', () => {
  it('is compiled once for all parameters and optimizers that need the same, and again for another', () => {
    const compiled = vi.spyOn(WebAssembly, 'Module');
    const run = (length: number, factor: Expression | number): number =>
      tf.tidy(() => {
        const plan = planOf({ parameter: [length] }, ({ parameter }) => ({
          parameter: mul(add(parameter!, 0.125), factor),
        }));
        const inputs = { parameter: tf.fill([length], 2) };
        return new PlanRunner(plan).run(inputs, { rate: 4 }, { inPlace: false }).parameter!.dataSync()[
          length - 1
        ]!;
      });
    const counts = [
      run(137, scalarSymbol('rate')),
      compiled.mock.calls.length,
      run(137, scalarSymbol('rate')),
      run(137, add(scalarSymbol('rate'), 1)),
      compiled.mock.calls.length,
      run(137, 2),
      compiled.mock.calls.length,
      run(139, 2),
      compiled.mock.calls.length,
    ];
    compiled.mockRestore();
    expect(counts).toEqual([8.5, 1, 8.5, 10.625, 1, 4.25, 2, 4.25, 3]);
  });
});
