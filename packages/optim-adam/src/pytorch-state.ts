import {
  type OptimizerOptions,
  type OptimizerState,
  type ParameterState,
  slotValues,
} from '@steepest/optimizer';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '@steepest/safetensors';
import type { adamRule } from './adam-rule.ts';
import { inverseOrder, withAxisOrder } from './axis-order.ts';
import { optionsOfGroups, parseGroups } from './pytorch-groups.ts';
import {
  type PyTorchParameters,
  type ResolvedParameter,
  resolveParameters,
  resolveTarget,
} from './pytorch-parameters.ts';

/** The optimizer's slots by PyTorch's names for them. */
const slotNames = {
  exp_avg: 'momentum',
  exp_avg_sq: 'secondMoment',
  max_exp_avg_sq: 'maxSecondMoment',
} as const;

type TorchSlot = keyof typeof slotNames;

/**
 * Reads the optimizer of PyTorch's `AdamW` or `Adam` from a safetensors file with the tensors
 * `state.<parameter>.<slot>` and, as JSON in the metadata, `param_groups`. The package's README has the lines of
 * Python that write it.
 *
 * @param parameters Which variable each parameter of the file has become.
 * @returns `state` for `loadState` of an `AdamW`, and the hyperparameters as its `options`. A parameter that never
 * had a gradient has no state, in PyTorch as here.
 * @throws Error naming the parameter: not in the file, not mapped, without a slot, of another shape, or not of Adam.
 */
export function decodePyTorchAdamW(
  bytes: Uint8Array,
  parameters: PyTorchParameters,
): { readonly state: OptimizerState; readonly options: OptimizerOptions<typeof adamRule> } {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const slotsByKey = groupByParameter(tensors);
  const groups = parseGroups(metadata.param_groups);
  const resolved = resolveParameters(groups, parameters);
  const states: Record<string, ParameterState> = {};
  for (const parameter of resolved) {
    const slots = slotsByKey.get(parameter.key);
    slotsByKey.delete(parameter.key);
    if (slots === undefined || parameter.target === undefined) continue;
    states[parameter.target.variable] = readState(parameter, slots);
  }
  for (const key of slotsByKey.keys()) throw new Error(`state.${key} belongs to no group of param_groups`);
  const step = Object.values(states).reduce((most, state) => Math.max(most, state.step), 0);
  return {
    state: { schemaVersion: 1, optimizer: 'adamw', step, parameters: states },
    options: optionsOfGroups(groups, (group) =>
      resolved.flatMap((parameter) =>
        parameter.group === group && parameter.target !== undefined ? [parameter.target.variable] : [],
      ),
    ),
  };
}

/** The slots of each parameter, whose name may hold dots. @throws Error if there is a tensor of another kind. */
function groupByParameter(tensors: Readonly<Record<string, Tensor>>): Map<string, Map<string, Tensor>> {
  const slotsByKey = new Map<string, Map<string, Tensor>>();
  for (const [name, tensor] of Object.entries(tensors)) {
    const match = /^state\.(.+)\.([^.]+)$/.exec(name);
    if (match === null) {
      throw new Error(
        `not the optimizer of a PyTorch model: tensor "${name}" is not named state.<parameter>.<slot>`,
      );
    }
    const key = match[1]!;
    const slot = match[2]!;
    const slots = slotsByKey.get(key) ?? new Map<string, Tensor>();
    slotsByKey.set(key, slots.set(slot, tensor));
  }
  return slotsByKey;
}

/** @throws Error if a slot is missing, is not float32, or has a shape that the variable does not have. */
function readState(
  { key, group, target }: ResolvedParameter,
  slots: ReadonlyMap<string, Tensor>,
): ParameterState {
  const { variable, shape, transpose } = target!;
  const kept: TorchSlot[] = ['exp_avg', 'exp_avg_sq', ...(group.amsgrad ? ['max_exp_avg_sq' as const] : [])];
  const values = (slot: string): { shape: readonly number[]; data: Float32Array } => {
    const tensor = slots.get(slot);
    if (tensor === undefined) {
      throw new Error(
        `state.${key} has no ${slot}: Adam keeps step, ${kept.join(', ')}, but there is ${[...slots.keys()].join(', ')}`,
      );
    }
    const { dtype, data } = tensor;
    if (!(data instanceof Float32Array)) throw new Error(`state.${key}.${slot} must be F32, got ${dtype}`);
    return { shape: tensor.shape, data };
  };
  const step = values('step').data[0]!;
  if (!Number.isInteger(step) || step < 0) {
    throw new Error(`state.${key}.step must be a count of steps, got ${step}`);
  }
  let expected = shape;
  const loaded = kept.map((slot) => {
    const read = values(slot);
    const moved = transpose === undefined ? read : withAxisOrder(read, transpose);
    expected ??= moved.shape;
    if (String(moved.shape) !== String(expected)) {
      throw new Error(
        `state.${key}.${slot} has shape [${read.shape}]${transpose === undefined ? '' : `, transposed [${moved.shape}]`}, ` +
          `but "${variable}" has [${expected}]`,
      );
    }
    return [slotNames[slot], moved] as const;
  });
  return { step, slots: Object.fromEntries(loaded) };
}

/**
 * Writes the state of an `Adam`, `AdamW` or `AMSGrad` under PyTorch's names, for `load_state_dict`: the reverse of
 * {@link decodePyTorchAdamW}, without the hyperparameters.
 *
 * @param parameters Which variable each parameter of PyTorch has become, by its key in `state`.
 * @throws Error naming a variable of the state that is not mapped, or a mapped one whose state is not Adam's.
 */
export function encodePyTorchAdamW(
  state: OptimizerState,
  parameters: PyTorchParameters,
): ReturnType<typeof encodeSafetensors> {
  const unmapped = new Set(Object.keys(state.parameters));
  const tensors: Record<string, Tensor> = {};
  for (const [key, target] of Object.entries(parameters)) {
    if (target === null) continue;
    const { variable, transpose } = resolveTarget(target);
    unmapped.delete(variable);
    const saved = state.parameters[variable];
    if (saved === undefined || saved.step === 0) continue;
    tensors[`state.${key}.step`] = { dtype: 'F32', shape: [], data: Float32Array.of(saved.step) };
    for (const [slot, name] of Object.entries(slotNames)) {
      const kept = saved.slots[name];
      if (kept === undefined && name === 'maxSecondMoment') continue;
      if (kept === undefined) throw new Error(`the state of "${variable}" has no ${name}: it is not Adam's`);
      const value = { shape: kept.shape, data: slotValues(kept) };
      const moved =
        transpose === undefined ? value : withAxisOrder(value, inverseOrder(transpose, value.shape.length));
      tensors[`state.${key}.${slot}`] = { dtype: 'F32', shape: [...moved.shape], data: moved.data };
    }
  }
  for (const variable of unmapped) {
    throw new Error(
      `variable "${variable}" of the state is not mapped: say which parameter it is in PyTorch`,
    );
  }
  return encodeSafetensors(tensors);
}
