import { readFileSync } from 'node:fs';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '@steepest/safetensors';
import { describe, expect, it } from 'vitest';
import { decodePyTorchAdamW, encodePyTorchAdamW } from '../src/index.ts';

// An AdamW with named parameters, made by tools/reference/optim-adam/make_pytorch_state.py.
const file = new Uint8Array(readFileSync(new URL('./pytorch/adamw.safetensors', import.meta.url)));

describe('the import refuses', () => {
  const { tensors, metadata } = decodeSafetensors(file);
  const groups = JSON.parse(metadata.param_groups!) as { readonly param_names: readonly string[] }[];
  const all = Object.fromEntries(groups.flatMap((group) => group.param_names).map((name) => [name, name]));
  const changed = (change: Record<string, Tensor | undefined>): Uint8Array => {
    const kept = Object.entries({ ...tensors, ...change }).filter(([, tensor]) => tensor !== undefined);
    return encodeSafetensors(Object.fromEntries(kept) as Record<string, Tensor>, metadata);
  };
  const withGroups = (changedGroups: unknown): Uint8Array =>
    encodeSafetensors(tensors, { param_groups: JSON.stringify(changedGroups) });
  const one = { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const satisfies Tensor;

  it.each([
    {
      what: 'a file of weights',
      bytes: encodeSafetensors({ 'dense.weight': one }),
      message: 'tensor "dense.weight" is not named state.<parameter>.<slot>',
    },
    {
      what: 'a tensor whose slot has no name',
      bytes: encodeSafetensors({ 'state.1.exp_avg.': one }),
      message: 'tensor "state.1.exp_avg." is not named state.<parameter>.<slot>',
    },
    {
      what: 'a file without param_groups',
      bytes: encodeSafetensors(tensors),
      message: 'the metadata has no param_groups; save it as the README of @steepest/optim-adam says',
    },
    {
      what: 'the optimizer of SGD',
      bytes: withGroups([{ params: [0], lr: 0.1, momentum: 0.9 }]),
      message: 'param_groups[0] has no betas: it is not of Adam or AdamW, but has params, lr, momentum',
    },
    {
      what: 'a parameter without its second moment',
      bytes: changed({ 'state.1.exp_avg_sq': undefined }),
      message: 'state.1 has no exp_avg_sq: Adam keeps step, exp_avg, exp_avg_sq, but there is exp_avg, step',
    },
    {
      what: 'a slot in another precision',
      bytes: changed({ 'state.1.exp_avg': { dtype: 'BF16', shape: [3, 8], data: new Uint16Array(24) } }),
      message: 'state.1.exp_avg must be F32, got BF16',
    },
    {
      what: 'moments of different shapes',
      bytes: changed({ 'state.1.exp_avg_sq': one }),
      message: 'state.1.exp_avg_sq has shape [1], but "dense.weight" has [3,8]',
    },
    {
      what: 'a step count that is none',
      bytes: changed({ 'state.1.step': { dtype: 'F32', shape: [], data: Float32Array.of(1.5) } }),
      message: 'state.1.step must be a count of steps, got 1.5',
    },
    {
      what: 'state of a parameter outside the groups',
      bytes: changed({ 'state.9.exp_avg': one }),
      message: 'state.9 belongs to no group of param_groups',
    },
    {
      what: 'groups of which only some climb',
      bytes: withGroups(groups.map((group, index) => ({ ...group, maximize: index === 1 }))),
      message: 'param_groups: maximize must be the same in every group here',
    },
    {
      what: 'an entry for a parameter that is not there',
      bytes: file,
      parameters: { ...all, 'dense.kernel': 'dense/kernel' },
      message: 'the file has no parameter "dense.kernel"; it has conv.weight, dense.weight, gain,',
    },
    {
      what: 'a parameter without an entry',
      bytes: file,
      parameters: { ...all, gain: undefined as unknown as null },
      message: 'parameter "gain" is not mapped: give its variable, or null to leave it out',
    },
    {
      what: 'two parameters for one variable',
      bytes: file,
      parameters: { ...all, gain: 'dense.weight' },
      message: 'parameters "dense.weight" and "gain" are both mapped to "dense.weight"',
    },
    {
      what: 'a kernel that must be transposed',
      bytes: file,
      parameters: { ...all, 'dense.weight': { name: 'dense/kernel', shape: [8, 3] } },
      message: 'state.1.exp_avg has shape [3,8], but "dense/kernel" has [8,3]',
    },
    {
      what: 'an order of other axes',
      bytes: file,
      parameters: { ...all, 'dense.weight': { variable: 'dense/kernel', transpose: [0, 0] } },
      message: 'transpose [0,0] is not an order of the 2 axes',
    },
  ])('$what', ({ bytes, parameters = all, message }) => {
    expect(() => decodePyTorchAdamW(bytes, parameters)).toThrow(message);
  });

  it('to write a variable that is not mapped, or that has no state of Adam', () => {
    const slot = { shape: [1], data: Float32Array.of(1) };
    const state = {
      schemaVersion: 1,
      optimizer: 'lion',
      step: 1,
      parameters: { w: { step: 1, slots: { momentum: slot } } },
    } as const;
    expect(() => encodePyTorchAdamW(state, {})).toThrow('variable "w" of the state is not mapped');
    expect(() => encodePyTorchAdamW(state, { 0: 'w' })).toThrow('the state of "w" has no secondMoment');
  });
});
