import { readFileSync } from 'node:fs';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '@steepest/safetensors';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { AdamW, decodePyTorchAdamW, encodePyTorchAdamW, type PyTorchParameters } from '../src/index.ts';

// Made by tools/reference/optim-adam/make_pytorch_state.py with PyTorch 2.15 in float32.
const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`./pytorch/${name}.safetensors`, import.meta.url)));

/** The model's parameters in PyTorch, and the axes its kernels have in tf.layers. */
const axes = {
  'conv.weight': [2, 3, 1, 0],
  'conv.bias': undefined,
  'norm.weight': undefined,
  'norm.bias': undefined,
  'dense.weight': [1, 0],
  'dense.bias': undefined,
  gain: undefined,
  unused: undefined,
} as const;
type Name = keyof typeof axes;
const names = Object.keys(axes) as Name[];
/** The order of `model.parameters()`: those of the module itself first. */
const byIndex: Name[] = [
  'gain',
  'unused',
  'conv.weight',
  'conv.bias',
  'norm.weight',
  'norm.bias',
  'dense.weight',
  'dense.bias',
];

afterEach(() => tf.disposeVariables());

/** A tensor of PyTorch as the variable has it. */
function ours(name: Name, { shape, data }: Tensor): tf.Tensor {
  return tf.tidy(() => {
    const tensor = tf.tensor(data as Float32Array, shape);
    return axes[name] === undefined ? tensor : tf.transpose(tensor, [...axes[name]]);
  });
}

function row({ shape, data, dtype }: Tensor, index: number): Tensor {
  const [rows, ...rest] = shape;
  const size = data.length / rows!;
  return { dtype, shape: rest, data: (data as Float32Array).slice(index * size, (index + 1) * size) };
}

function mapping(keyOf: (name: Name) => string, variableOf: (name: Name) => tf.Variable): PyTorchParameters {
  return Object.fromEntries(
    names.map((name) => {
      const variable = variableOf(name);
      return [keyOf(name), axes[name] ? { variable, transpose: axes[name] } : variable];
    }),
  );
}

function modelAt(recorded: Record<string, Tensor>): Map<Name, tf.Variable> {
  return new Map(
    names.map((name) => [
      name,
      tf.variable(ours(name, recorded[`start.${name}`]!), true, name.replace('.', '/')),
    ]),
  );
}

const cases = [
  { file: 'adamw', keyOf: (name: Name) => name as string },
  { file: 'amsgrad', keyOf: (name: Name) => String(byIndex.indexOf(name)) },
  { file: 'adam-maximize', keyOf: (name: Name) => String(byIndex.indexOf(name)) },
];

describe('the optimizer of a PyTorch run', () => {
  // Three float32 roundings of the largest weight: PyTorch and tfjs differ in the order of their operations only.
  const tolerance = 1e-6;

  it.each(cases)('continues for 20 steps as PyTorch does: $file', async ({ file, keyOf }) => {
    const { tensors: recorded } = decodeSafetensors(fixture(`${file}-continued`));
    const model = modelAt(recorded);
    const { state, options } = decodePyTorchAdamW(
      fixture(file),
      mapping(keyOf, (name) => model.get(name)!),
    );
    const optimizer = new AdamW(options);
    await optimizer.loadState(state);
    let compared = 0;
    for (let index = 0; index < 20; index++) {
      const gradients = names.map((name) => {
        const gradient = row(recorded[`gradient.${name}`]!, index);
        const missing = (gradient.data as Float32Array).every(Number.isNaN);
        return { name: model.get(name)!.name, tensor: missing ? null : ours(name, gradient) };
      });
      optimizer.applyGradients(gradients);
      for (const name of names) {
        const actual = await model.get(name)!.data();
        const expected = await ours(name, row(recorded[`parameter.${name}`]!, index)).data();
        const scale = Math.max(...expected.map(Math.abs));
        for (const [i, value] of expected.entries()) {
          expect(Math.abs(actual[i]! - value) / scale, `${name}[${i}] at step ${index + 11}`).toBeLessThan(
            tolerance,
          );
          compared++;
        }
      }
    }
    expect(compared).toBe(20 * (8 + 2 + 8 + 8 + 24 + 3 + 1 + 2));
    optimizer.dispose();
  });

  it('brings the steps of each parameter, and of the run', () => {
    const parameters = Object.fromEntries(names.map((name) => [name, name]));
    const { state } = decodePyTorchAdamW(fixture('adamw'), parameters);
    expect(state.step).toBe(10);
    expect(state.parameters['dense.weight']!.step).toBe(10);
    expect(state.parameters.gain!.step).toBe(3); // had a gradient at every third step
    expect(state.parameters.unused).toBeUndefined(); // never had one
  });

  it('is at step 0 where it has not stepped yet: PyTorch makes state in the first step', () => {
    const { metadata } = decodeSafetensors(fixture('adamw'));
    const parameters = Object.fromEntries(names.map((name) => [name, name]));
    const { state } = decodePyTorchAdamW(encodeSafetensors({}, metadata), parameters);
    expect(state).toMatchObject({ step: 0, parameters: {} });
  });

  it('brings its hyperparameters, with the groups by the names of their variables', () => {
    const parameters = Object.fromEntries(
      names.map((name) => [name, name === 'gain' ? 'layer[0]/gain' : name]),
    );
    expect(decodePyTorchAdamW(fixture('adamw'), parameters).options).toEqual({
      learningRate: 0.01,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      amsgrad: false,
      weightDecay: 0.1,
      weightDecayMode: 'decoupled',
      groups: [
        {
          match: {
            name: ['layer\\[0\\]/gain', 'unused', 'conv.bias', 'norm.weight', 'norm.bias', 'dense.bias'],
          },
          learningRate: 0.03,
          weightDecay: 0,
        },
      ],
    });
  });

  it('brings the L2 decay and the direction of torch.optim.Adam', () => {
    const parameters = Object.fromEntries(byIndex.map((name, index) => [index, name]));
    const { options } = decodePyTorchAdamW(fixture('adam-maximize'), parameters);
    expect(options).toMatchObject({ weightDecayMode: 'l2', weightDecay: 0.1, maximize: true });
  });

  it('leaves out what is mapped to null', () => {
    const parameters = Object.fromEntries(byIndex.map((name, index) => [index, index < 5 ? null : name]));
    const { state } = decodePyTorchAdamW(fixture('amsgrad'), parameters);
    expect(Object.keys(state.parameters)).toEqual(['norm.bias', 'dense.weight', 'dense.bias']);
  });

  it.each(cases.slice(1))('is written back tensor for tensor: $file', ({ file, keyOf }) => {
    const model = modelAt(decodeSafetensors(fixture(`${file}-continued`)).tensors);
    const parameters = mapping(keyOf, (name) => model.get(name)!);
    const { state } = decodePyTorchAdamW(fixture(file), parameters);
    const written = decodeSafetensors(encodePyTorchAdamW(state, parameters));
    expect(written.tensors).toEqual(decodeSafetensors(fixture(file)).tensors);
  });
});
