import { compileSelector, type OptimizerState } from '@steepest/optimizer';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '@steepest/safetensors';
import { describe, expect, it } from 'vitest';
import { decodePyTorchAdamW, encodePyTorchAdamW, type PyTorchParameters } from '../src/index.ts';

/** What `torch.optim.AdamW` writes for one group, with its defaults. */
const group = {
  params: [0] as (number | string)[],
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weight_decay: 0.01,
};

const fileOf = (groups: unknown, tensors: Record<string, Tensor> = {}): Uint8Array =>
  encodeSafetensors(tensors, { param_groups: JSON.stringify(groups) });

const decode = (groups: unknown, parameters: PyTorchParameters = { 0: 'w' }) =>
  decodePyTorchAdamW(fileOf(groups), parameters);

const scalar = (value: number): Tensor => ({ dtype: 'F32', shape: [], data: Float32Array.of(value) });
const vector = (...values: number[]): Tensor => ({
  dtype: 'F32',
  shape: [values.length],
  data: Float32Array.from(values),
});

describe('param_groups', () => {
  const long = { note: 'x'.repeat(200) };
  it.each<[string, unknown, string]>([
    ['are no list', long, `must be a list of groups, got ${JSON.stringify(long).slice(0, 80)}`],
    ['are an empty list', [], 'must be a list of groups, got []'],
    ['hold nothing', [null], 'param_groups[0] has no list params'],
    ['have no parameters', [group, { ...group, params: 0 }], 'param_groups[1] has no list params'],
    [
      'name another number of parameters',
      [{ ...group, param_names: ['a', 'b'] }],
      'param_groups[0] has 1 params, but 2 param_names',
    ],
    ['have betas that are texts', [{ ...group, betas: ['0.9', 0.999] }], 'param_groups[0] has no betas'],
    ['have one beta that is a text', [{ ...group, betas: [0.9, '0.999'] }], 'param_groups[0] has no betas'],
    ['have a text for lr', [{ ...group, lr: '0.1' }], 'param_groups[0]: lr must be a number, got "0.1"'],
    ['have no eps', [{ ...group, eps: null }], 'param_groups[0]: eps must be a number, got null'],
    [
      'have no weight_decay',
      [{ ...group, weight_decay: undefined }],
      'param_groups[0]: weight_decay must be a number, got undefined',
    ],
  ])('are refused where they %s', (_, groups, message) => {
    const thrown = (() => {
      try {
        decode(groups);
      } catch (error) {
        return (error as Error).message;
      }
      return 'nothing was thrown';
    })();
    expect(thrown).toContain(message);
    // What is cut off is cut off at that length.
    expect(thrown.length).toBeLessThan(160);
  });

  it('without the newer keys mean decoupled decay, no AMSGrad and descent', () => {
    expect(decode([group]).options).toEqual({
      learningRate: 1e-3,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      amsgrad: false,
      weightDecay: 0.01,
      weightDecayMode: 'decoupled',
    });
    expect(decode([{ ...group, maximize: false }]).options).not.toHaveProperty('maximize');
    expect(decode([{ ...group, decoupled_weight_decay: true }]).options.weightDecayMode).toBe('decoupled');
  });

  it('climb where every group climbs, and are refused where a later one does not', () => {
    const [first, second] = [
      { ...group, params: [0], maximize: true },
      { ...group, params: [1], maximize: true },
    ];
    expect(decode([first, second], { 0: 'a', 1: 'b' }).options.maximize).toBe(true);
    expect(() => decode([first, { ...second, maximize: undefined }], { 0: 'a', 1: 'b' })).toThrow(
      'maximize must be the same in every group',
    );
  });

  it('become groups only where they differ and have a variable', () => {
    const same = { ...group, params: [1] };
    const different = { ...group, params: [2], lr: 0.5 };
    expect(decode([group, same], { 0: 'a', 1: 'b' }).options).not.toHaveProperty('groups');
    expect(decode([group, different], { 0: 'a', 2: null }).options).not.toHaveProperty('groups');
    expect(decode([group, same, different], { 0: 'a', 1: 'b', 2: 'c' }).options.groups).toEqual([
      { match: { name: ['c'] }, learningRate: 0.5 },
    ]);
  });

  it.each([...'\\*?[]{}()!+@|^$'])('match a variable with %s in its name, and no other', (character) => {
    const name = `layer${character}a${character}/w`;
    const { groups } = decode([group, { ...group, params: [1], lr: 0.5 }], { 0: 'other', 1: name }).options;
    const matches = compileSelector(groups![0]!.match);
    const isMatched = (candidate: string) => matches({ name: candidate, shape: [1], size: 1 });
    expect(isMatched(name)).toBe(true);
    for (const other of ['other', 'layera/w', 'layerXaX/w', 'layeraa/w', 'a']) {
      expect(isMatched(other)).toBe(false);
    }
  });
});

describe('the parameters of a file', () => {
  const many = (count: number) => [{ ...group, params: Array.from({ length: count }, (_, index) => index) }];

  it.each([
    [12, 'it has 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11'],
    [13, 'it has 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 1 more'],
  ])('are listed up to twelve: %d', (count, message) => {
    expect(() => decode(many(count), { absent: 'w' })).toThrow(new RegExp(`${message}$`));
  });

  it('are found by name before they are found by index, and by either', () => {
    const named = [{ ...group, params: [0, 1], param_names: ['bias', 'kernel'] }];
    const tensors = Object.fromEntries(
      [0, 1].flatMap((key) => [
        [`state.${key}.step`, scalar(key + 3)],
        [`state.${key}.exp_avg`, vector(key)],
        [`state.${key}.exp_avg_sq`, vector(key)],
      ]),
    );
    const { state } = decodePyTorchAdamW(fileOf(named, tensors), { bias: 'b', 1: 'k', 0: 'never' });
    expect(Object.keys(state.parameters)).toEqual(['b', 'k']);
    // The run is as old as its oldest parameter.
    expect([state.step, state.parameters.b!.step, state.parameters.k!.step]).toEqual([4, 3, 4]);
  });

  it('have a count of steps that is not negative, and may be 0', () => {
    const tensors = (step: number) => ({
      'state.0.step': scalar(step),
      'state.0.exp_avg': vector(1),
      'state.0.exp_avg_sq': vector(1),
    });
    expect(() => decodePyTorchAdamW(fileOf([group], tensors(-1)), { 0: 'w' })).toThrow(
      'state.0.step must be a count of steps, got -1',
    );
    expect(decodePyTorchAdamW(fileOf([group], tensors(0)), { 0: 'w' }).state.parameters.w!.step).toBe(0);
  });

  it('say the transposed shape where a transposed slot does not fit', () => {
    const matrix: Tensor = { dtype: 'F32', shape: [2, 3], data: new Float32Array(6) };
    const file = fileOf([group], {
      'state.0.step': scalar(1),
      'state.0.exp_avg': matrix,
      'state.0.exp_avg_sq': matrix,
    });
    const transposed = { variable: { name: 'w', shape: [2, 3] }, transpose: true } as const;
    expect(() => decodePyTorchAdamW(file, { 0: transposed })).toThrow(
      'state.0.exp_avg has shape [2,3], transposed [3,2], but "w" has [2,3]',
    );
    expect(() => decodePyTorchAdamW(file, { 0: { variable: 'w', transpose: [0] } })).toThrow(
      'transpose [0] is not an order of the 2 axes',
    );
  });

  it('keep keys with dots in them', () => {
    const file = fileOf([{ ...group, params: ['model.0.weight'] }], {
      'state.model.0.weight.step': scalar(2),
      'state.model.0.weight.exp_avg': vector(1),
      'state.model.0.weight.exp_avg_sq': vector(4),
    });
    const { state } = decodePyTorchAdamW(file, { 'model.0.weight': 'w' });
    expect(state.parameters.w!.slots.secondMoment!.data).toEqual(Float32Array.of(4));
  });

  it.each(['x.state.0.step', 'state.0.', 'state..step', 'state.step'])(
    'are not in a tensor called %s',
    (name) => {
      const file = fileOf([group], { [name]: scalar(1) });
      expect(() => decodePyTorchAdamW(file, { 0: 'w' })).toThrow(
        `tensor "${name}" is not named state.<parameter>.<slot>`,
      );
    },
  );
});

describe('writing the state for PyTorch', () => {
  const slot = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });
  const state: OptimizerState = {
    schemaVersion: 1,
    optimizer: 'adamw',
    step: 5,
    parameters: {
      w: { step: 5, slots: { momentum: slot(1, 2), secondMoment: slot(3, 4) } },
      fresh: { step: 0, slots: { momentum: slot(0), secondMoment: slot(0) } },
    },
  };

  it('leaves out what is mapped to null, what the state lacks and what has not stepped', () => {
    const bytes = encodePyTorchAdamW(state, { 0: 'w', 1: null, 2: 'absent', 3: 'fresh' });
    expect(decodeSafetensors(bytes).tensors).toEqual({
      'state.0.step': scalar(5),
      'state.0.exp_avg': vector(1, 2),
      'state.0.exp_avg_sq': vector(3, 4),
    });
  });

  it('needs to know every variable of the state', () => {
    expect(() => encodePyTorchAdamW(state, { 0: 'w' })).toThrow(
      'variable "fresh" of the state is not mapped: say which parameter it is in PyTorch',
    );
  });
});
