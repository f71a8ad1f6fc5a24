import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import '../src/wasm.ts';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { currentWasmHeap, type WasmBackend, WasmHeap } from '../src/compiler/wasm-heap.ts';
import { WasmPlan } from '../src/compiler/wasm-plan.ts';
import { defineUpdateRule, likeParameter, optimizerClass } from '../src/index.ts';
import { PlanRunner } from '../src/interpreters/plan-runner.ts';
import { add, type Expression, mul, sub, sum, tensorSymbol } from '../src/rule/expression.ts';
import type { UpdatePlan } from '../src/rule/plan.ts';
import { Descent, Moments, TestModel, trainedValues, wave } from './test-rules.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

beforeEach(() => {
  tf.disposeVariables();
});

/** A step needs scratch memory: the sum is known only after a pass over the gradient. */
const NormalizedDescent = optimizerClass(
  defineUpdateRule({
    name: 'normalizedDescent',
    title: 'Normalized descent',
    paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
    hyperparameters: { learningRate: { default: 1, minimum: 0, description: 'Step size' } },
    slots: () => ({ total: likeParameter }),
    update: ({ parameter, gradient, total }, { learningRate }) => ({
      parameter: sub(parameter, mul(learningRate, mul(gradient, sum(gradient)))),
      total: add(total!, gradient),
    }),
  }),
  'SteepestTestNormalizedDescent',
);

const dataOf = (tensor: tf.Tensor): number[] => [...tensor.dataSync()];

function backend(): WasmBackend & { readonly wasm: { _malloc: (bytes: number) => number } } {
  return tf.backend() as never;
}

describe('a step on the wasm heap', () => {
  it('overwrites the parameter and its slots where they lie, and leaves no tensor', () => {
    const variable = tf.variable(tf.tensor1d([1, 2, 3, 4, 5]), true, 'w');
    const gradient = tf.tensor1d([1, 1, 1, 1, 1]);
    const optimizer = new Moments();
    const step = (): void => optimizer.applyGradients({ w: gradient });
    step();
    const { dataId } = variable;
    const { numTensors, numBytes } = tf.memory();
    const before = dataOf(variable);
    for (let i = 0; i < 5; i++) step();
    expect(variable.dataId).toBe(dataId);
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    expect(dataOf(variable)).not.toEqual(before);
    expect(dataOf(gradient)).toEqual([1, 1, 1, 1, 1]);
    tf.dispose([gradient]);
    optimizer.dispose();
  });

  it('leaves alone what shares the memory of the parameter', () => {
    const initial = tf.tensor1d([1, 2, 3, 4]);
    const variable = tf.variable(initial, true, 'w');
    const optimizer = new Descent();
    const step = (): void => tf.tidy(() => optimizer.applyGradients({ w: tf.ones([4]) }));
    step();
    const view = tf.reshape(variable, [2, 2]);
    step();
    step();
    expect(dataOf(initial)).toEqual([1, 2, 3, 4]);
    expect(dataOf(view)).toEqual([0.5, 1.5, 2.5, 3.5]);
    expect(dataOf(variable)).toEqual([-0.5, 0.5, 1.5, 2.5]);
    tf.dispose([initial, view]);
  });

  it('takes the variable itself for a gradient', () => {
    const variable = tf.variable(tf.tensor1d([1, -2, 3]), true, 'w');
    const optimizer = new NormalizedDescent();
    optimizer.applyGradients({ w: variable });
    // The sum is 2: w - 2 w.
    expect(dataOf(variable)).toEqual([-1, 2, -3]);
    optimizer.applyGradients({ w: variable });
    // The sum is -2: w + 2 w.
    expect(dataOf(variable)).toEqual([-3, 6, -9]);
    optimizer.dispose();
  });

  it('overwrites no input that is read again after the output under another name', () => {
    const symbols = ['parameter', 'gradient', 'total'].map((name) =>
      tensorSymbol(name, name === 'total' ? [1] : [5]),
    ) as [Expression, Expression, Expression];
    const [parameter, gradient, total] = symbols;
    const plan: UpdatePlan = {
      shapes: { parameter: [5], gradient: [5], total: [1] },
      slots: {},
      outputs: {
        parameter: sub(parameter, gradient),
        // Two passes: by the second the parameter has its new value.
        total: add(total, sum(mul(gradient, sum(gradient)))),
      },
    };
    tf.tidy(() => {
      const same = tf.tensor1d([1, 2, 3, 4, 5]);
      const inputs = { parameter: same, gradient: same, total: tf.tensor1d([0]) };
      const outputs = new PlanRunner(plan).run(inputs, {}, { inPlace: true });
      expect(dataOf(outputs.total!)).toEqual([225]);
      expect(dataOf(outputs.parameter!)).toEqual([0, 0, 0, 0, 0]);
      expect(dataOf(same)).toEqual([1, 2, 3, 4, 5]);
    });
  });

  it('gives one gradient to two variables and keeps it', () => {
    const [a, b] = ['a', 'b'].map((name) => tf.variable(tf.tensor1d([1, 2]), true, name));
    const gradient = tf.tensor1d([2, 4]);
    const optimizer = new Moments();
    optimizer.applyGradients({ a: gradient, b: gradient });
    expect(dataOf(gradient)).toEqual([2, 4]);
    expect(dataOf(a!)).toEqual(dataOf(b!));
    gradient.dispose();
    optimizer.dispose();
  });

  it('is seen by a matrix product that has packed the weight before', () => {
    const weight = tf.variable(tf.eye(8) as tf.Tensor2D, true, 'w');
    const x = tf.ones<tf.Rank.R2>([4, 8]);
    const product = (): number => tf.tidy(() => tf.sum(tf.matMul(x, weight)).dataSync()[0]!);
    const optimizer = new Descent({ learningRate: 1 });
    const step = (): void => tf.tidy(() => optimizer.applyGradients({ w: tf.fill([8, 8], -1) }));
    step();
    expect(product()).toBe(4 * (8 + 64));
    step();
    expect(product()).toBe(4 * (8 + 128));
    x.dispose();
  });

  it('is seen by a matrix product that has packed a slot before', async () => {
    const weight = tf.variable(tf.zeros<tf.Rank.R2>([8, 8]), true, 'w');
    const x = tf.ones<tf.Rank.R2>([4, 8]);
    const optimizer = new Descent({ learningRate: 1, averageDecay: 0.5 });
    const step = (): void => tf.tidy(() => optimizer.applyGradients({ w: tf.fill([8, 8], -1) }));
    const averaged = async (): Promise<number> => {
      const weights = await optimizer.getWeights();
      const { tensor } = weights.find(({ name }) => name === 'w/average')!;
      return tf.tidy(() => tf.matMul(x, tensor as tf.Tensor2D).dataSync()[0]!);
    };
    // w is 1, 2, 3 and its average 0.5, 1.25, 2.125; a row of x sums eight of them.
    step();
    step();
    expect(await averaged()).toBe(8 * 1.25);
    step();
    expect(await averaged()).toBe(8 * 2.125);
    weight.dispose();
    x.dispose();
    optimizer.dispose();
  });

  it('continues after the heap has grown', () => {
    const variable = tf.variable(tf.zeros([1000]), true, 'w');
    const optimizer = new NormalizedDescent();
    const gradient = tf.fill([1000], 2 ** -10);
    const step = (): void => optimizer.applyGradients({ w: gradient });
    step();
    const { memory } = currentWasmHeap()!;
    const bytes = memory.buffer.byteLength;
    const large = tf.zeros([bytes / 4]);
    expect(memory.buffer.byteLength).toBeGreaterThan(bytes);
    step();
    expect(dataOf(variable)).toEqual(new Array(1000).fill((-2 * 1000) / 2 ** 20));
    tf.dispose([large, gradient]);
    optimizer.dispose();
  });

  it('keeps no memory but tensors', () => {
    const malloc = backend().wasm._malloc;
    const free = backend().wasm._free;
    const held = new Set<number>();
    const optimizer = new NormalizedDescent();
    const variable = tf.variable(tf.zeros([256]), true, 'w');
    const gradient = tf.ones([256]);
    optimizer.applyGradients({ w: gradient });
    let taken = 0;
    Object.assign(backend().wasm, {
      _malloc: (size: number) => {
        const address = malloc(size);
        held.add(address);
        taken++;
        return address;
      },
      _free: (address: number) => {
        held.delete(address);
        free(address);
      },
    });
    try {
      for (let i = 0; i < 3; i++) optimizer.applyGradients({ w: gradient });
    } finally {
      Object.assign(backend().wasm, { _malloc: malloc, _free: free });
    }
    expect(taken).toBeGreaterThan(0);
    expect([...held]).toEqual([]);
    tf.dispose([gradient, variable]);
    optimizer.dispose();
  });
});

describe('a heap without room', () => {
  /** Runs something with a heap that has no room for as many bytes or more. */
  function withoutRoom(bytes: number, run: () => void): void {
    const malloc = backend().wasm._malloc;
    backend().wasm._malloc = (size) => (size >= bytes ? 0 : malloc(size));
    try {
      run();
    } finally {
      backend().wasm._malloc = malloc;
    }
  }

  it('fails with the size that was asked, and changes nothing', () => {
    const model = new TestModel({ w: [40, 10] });
    const variable = model.variables[0]!;
    const optimizer = new Moments();
    model.train(optimizer, 1, 1);
    const before = dataOf(variable);
    const view = tf.reshape(variable, [400]);
    const gradient = tf.tensor(wave(400, 3), [40, 10]);
    const { numTensors, numBytes } = tf.memory();
    // The view keeps the parameter from being overwritten, so that a new tensor is needed.
    withoutRoom(1600, () => {
      expect(() => optimizer.applyGradients({ w: gradient })).toThrow(
        'no room for a tensor of shape [40, 10] (1600 bytes asked; the heap ends at 4 GiB)',
      );
    });
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    expect(dataOf(variable)).toEqual(before);
    expect(dataOf(view)).toEqual(before);
    optimizer.applyGradients({ w: gradient });
    expect(dataOf(variable)).not.toEqual(before);
    tf.dispose([view, gradient]);
    model.dispose();
    optimizer.dispose();
  });

  it('fails before the state of a parameter is made', () => {
    const model = new TestModel({ w: [40, 10] });
    const optimizer = new Moments();
    const gradient = tf.ones([40, 10]);
    withoutRoom(1600, () => {
      expect(() => optimizer.applyGradients({ w: gradient })).toThrow('1600 bytes asked');
    });
    expect(optimizer.stateBytes()).toBe(0);
    gradient.dispose();
    model.dispose();
    optimizer.dispose();
  });

  it('moves no parameter when there is no room for the state of a later one', async () => {
    const shapes = { a: [8], b: [40, 10] };
    const undisturbed = await trainedValues(new Moments(), 1, shapes);
    const model = new TestModel(shapes);
    const optimizer = new Moments();
    const before = model.variables.map(dataOf);
    const gradients = model.gradients(1);
    withoutRoom(1600, () => {
      expect(() => optimizer.applyGradients(gradients)).toThrow('shape [40, 10] (1600 bytes asked');
    });
    expect(model.variables.map(dataOf)).toEqual(before);
    expect(optimizer.iterations).toBe(0);
    optimizer.applyGradients(gradients);
    expect(await model.values()).toEqual(undisturbed);
    tf.dispose(gradients);
    model.dispose();
    optimizer.dispose();
  });

  it('fails with the size of the scratch memory', () => {
    const model = new TestModel({ w: [8] });
    const optimizer = new NormalizedDescent();
    model.train(optimizer, 1, 1);
    const before = dataOf(model.variables[0]!);
    const gradient = tf.ones([8]);
    withoutRoom(1, () => {
      expect(() => optimizer.applyGradients({ w: gradient })).toThrow(
        /no room for scratch memory of an update \(\d+ bytes asked/,
      );
    });
    expect(dataOf(model.variables[0]!)).toEqual(before);
    gradient.dispose();
    model.dispose();
    optimizer.dispose();
  });

  it('keeps no tensor that got no memory', () => {
    const { numTensors } = tf.memory();
    withoutRoom(40, () => {
      expect(() => currentWasmHeap()!.allocate([10])).toThrow('shape [10] (40 bytes asked');
    });
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('is noticed in a gradient that tfjs made without memory', () => {
    const model = new TestModel({ w: [8] });
    const optimizer = new Descent();
    withoutRoom(32, () => {
      tf.tidy(() => {
        const gradient = tf.engine().makeTensorFromTensorInfo(backend().makeOutput([8], 'float32'));
        expect(() => optimizer.applyGradients({ w: gradient })).toThrow('shape [8] (32 bytes asked');
      });
    });
    model.dispose();
  });
});

describe('a heap of up to 4 GiB', () => {
  it('has addresses above 2 GiB, which tfjs gives as negative numbers', () => {
    const above = 0xc000_0010;
    const fake = {
      wasm: { wasmMemory: new WebAssembly.Memory({ initial: 1 }), _malloc: () => above | 0, _free: () => {} },
      dataIdMap: { get: () => ({ memoryOffset: above | 0, refCount: 1, id: 0 }) },
    };
    const heap = new WasmHeap(fake as unknown as WasmBackend);
    const tensor = tf.zeros([1]);
    expect(heap.takeScratch(16)).toBe(above);
    expect(heap.addressOf(tensor)).toBe(above);
    tensor.dispose();
  });

  it.each([
    [[65_536, 16_384], 2 ** 32],
    [[65_536, 16_385], 2 ** 32 + 2 ** 18],
    [[65_536, 65_536], 2 ** 34],
  ])('refuses a tensor of shape %j each time it is asked, and keeps none', (shape, bytes) => {
    const heap = currentWasmHeap()!;
    const { numTensors, numBytes } = tf.memory();
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(() => heap.filled(shape, 0)).toThrow(`shape [${shape.join(', ')}] (${bytes} bytes asked`);
    }
    expect(() => heap.takeScratch(bytes)).toThrow(`scratch memory of an update (${bytes} bytes asked`);
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
  });
});

describe('a change of backend', () => {
  const shapes = { 'a/weight': [3, 5], 'b/weight': [7] };

  it('moves parameters and slots along, without a change of a bit', async () => {
    const onWasm = await trainedValues(new Moments(), 6, shapes);
    const model = new TestModel(shapes);
    const optimizer = new Moments();
    model.train(optimizer, 1, 2);
    await tf.setBackend('cpu');
    model.train(optimizer, 3, 4);
    await tf.setBackend('wasm');
    model.train(optimizer, 5, 6);
    expect(await model.values()).toEqual(onWasm);
    model.dispose();
    optimizer.dispose();
  });

  it('to a new wasm backend gives the optimizer a new heap', async () => {
    const first = currentWasmHeap();
    const expected = await trainedValues(new Descent({ skipNonFinite: true }), 2, shapes);
    const factory = tf.findBackendFactory('wasm');
    await tf.setBackend('cpu');
    tf.removeBackend('wasm');
    tf.registerBackend('wasm', factory);
    await tf.setBackend('wasm');
    expect(currentWasmHeap()).not.toBe(first);
    // The same plans again, those of the sums over gradients too, which all optimizers share.
    expect(await trainedValues(new Descent({ skipNonFinite: true }), 2, shapes)).toEqual(expected);
  });
});

it('a wasm backend of another make, without what updates need of it, has no heap to update on', () => {
  const real = tf.backend() as unknown as WasmBackend;
  const { wasm, dataIdMap } = real as unknown as { wasm: Record<string, unknown>; dataIdMap: object };
  const makeOutput = real.makeOutput.bind(real);
  const tfjs = wasm.tfjs as Record<string, unknown>;
  const parts = {
    wasm: { wasmMemory: currentWasmHeap()!.memory, _malloc: wasm._malloc, tfjs },
    dataIdMap,
    makeOutput,
  };
  const others: [string, object][] = [
    ['whole', parts],
    ['no memory', { ...parts, wasm: { ...parts.wasm, wasmMemory: undefined } }],
    ['no allocator', { ...parts, wasm: { ...parts.wasm, _malloc: undefined } }],
    ['no registry', { ...parts, wasm: { ...parts.wasm, tfjs: { ...tfjs, registerTensor: undefined } } }],
    ['no disposal', { ...parts, wasm: { ...parts.wasm, tfjs: { ...tfjs, disposeData: undefined } } }],
    ['no addresses', { ...parts, dataIdMap: {} }],
    ['no outputs', { ...parts, makeOutput: undefined }],
  ];
  const usable = others.filter(([, backend]) => {
    const current = vi.spyOn(tf.engine(), 'backend', 'get').mockReturnValue(backend as never);
    const heap = currentWasmHeap();
    current.mockRestore();
    return heap !== undefined;
  });
  expect(usable.map(([what]) => what)).toEqual(['whole']);
});

describe('a heap in shared memory', () => {
  const [parameter, gradient] = ['parameter', 'gradient'].map((name) => tensorSymbol(name, [9])) as [
    Expression,
    Expression,
  ];

  /** Runs a plan for one parameter. @returns its new values, and how often the run asked for memory */
  function run(newParameter: Expression): { values: number[]; requests: number } {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
    const offsets = new Map<object, number>();
    let end = 16;
    let requests = 0;
    const malloc = (bytes: number): number => {
      requests++;
      end += Math.ceil(bytes / 16) * 16;
      return end - Math.ceil(bytes / 16) * 16;
    };
    const fake = {
      wasm: { wasmMemory: memory, _malloc: malloc, _free: () => {} },
      dataIdMap: { get: (dataId: object) => ({ memoryOffset: offsets.get(dataId)!, refCount: 1, id: 0 }) },
    };
    const heap = new WasmHeap(fake as unknown as WasmBackend);
    expect(heap.isShared).toBe(true);
    const plan: UpdatePlan = {
      shapes: { parameter: [9], gradient: [9] },
      slots: {},
      outputs: { parameter: newParameter },
    };
    const [p, g] = [tf.zeros([9]), tf.zeros([9])];
    for (const tensor of [p, g]) offsets.set(tensor.dataId, malloc(36));
    const view = (tensor: tf.Tensor): Float32Array =>
      new Float32Array(memory.buffer, offsets.get(tensor.dataId), 9);
    view(p).set([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    view(g).set([1, 0, 0, 0, 0, 0, 0, 0, 1]);
    requests = 0;
    WasmPlan.of(plan, heap)!.run({ parameter: p, gradient: g }, { parameter: p }, {});
    tf.dispose([p, g]);
    return { values: [...view(p)], requests };
  }

  it('runs the same plans', () => {
    const { values } = run(sub(parameter, mul(gradient, sum(gradient))));
    expect(values).toEqual([-1, 2, 3, 4, 5, 6, 7, 8, 7]);
  });

  it('is asked for memory only by plans with intermediate values', () => {
    expect(run(sub(parameter, gradient))).toEqual({ values: [0, 2, 3, 4, 5, 6, 7, 8, 8], requests: 0 });
    expect(run(sub(parameter, mul(gradient, sum(gradient)))).requests).toBe(1);
  });
});
