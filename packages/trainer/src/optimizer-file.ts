import type { OptimizerState } from '@steepest/optimizer';
import { decodeSafetensors, encodeSafetensors } from '@steepest/safetensors';

const schemaVersion = 1;

/**
 * Writes an optimizer's state as the bytes of a safetensors file: a tensor `<parameter>/<slot>` for every slot, and
 * the step counts as JSON in the metadata.
 */
export function encodeOptimizerState(state: OptimizerState): Uint8Array {
  const tensors: Parameters<typeof encodeSafetensors>[0] = {};
  const steps: Record<string, number> = {};
  for (const [parameter, { step, slots }] of Object.entries(state.parameters)) {
    steps[parameter] = step;
    for (const [slot, { shape, data }] of Object.entries(slots)) {
      tensors[`${parameter}/${slot}`] = { dtype: 'F32', shape: [...shape], data };
    }
  }
  return encodeSafetensors(tensors, {
    schemaVersion: String(state.schemaVersion),
    optimizer: state.optimizer,
    step: String(state.step),
    steps: JSON.stringify(steps),
  });
}

/**
 * Reads what {@link encodeOptimizerState} wrote.
 *
 * @throws when the bytes are not an optimizer's state; the message names what is missing
 */
export function decodeOptimizerState(bytes: Uint8Array): OptimizerState {
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (metadata.schemaVersion !== String(schemaVersion)) {
    throw new Error(
      `not the state of an optimizer: schemaVersion must be ${schemaVersion}, got ${metadata.schemaVersion}`,
    );
  }
  const parameters: Record<string, { step: number; slots: Record<string, Slot> }> = {};
  for (const [parameter, step] of Object.entries(JSON.parse(metadata.steps ?? '{}'))) {
    parameters[parameter] = { step: step as number, slots: {} };
  }
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    // A slot's name has no slash; a parameter's may have many.
    const end = name.lastIndexOf('/');
    const owner = parameters[name.slice(0, end)];
    if (!owner || !(data instanceof Float32Array)) {
      throw new Error(`not the state of an optimizer: tensor "${name}" must be float32 "<parameter>/<slot>"`);
    }
    owner.slots[name.slice(end + 1)] = { shape, data };
  }
  return {
    schemaVersion,
    optimizer: metadata.optimizer ?? '',
    step: Number(metadata.step),
    parameters,
  };
}

interface Slot {
  shape: number[];
  data: Float32Array;
}
