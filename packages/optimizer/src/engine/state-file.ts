import {
  type ByteSource,
  type DecodedSafetensors,
  decodeSafetensors,
  encodeSafetensors,
  openSafetensors,
  streamSafetensors,
} from '@steepest/safetensors';
import type { OptimizerState, ParameterState } from './optimizer-state.ts';

/**
 * Writes an optimizer's state as the bytes of a safetensors file: a tensor `<parameter>/<slot>` for every slot, and
 * the counts as JSON in the metadata. Equal states give equal bytes.
 */
export function encodeState(state: OptimizerState): Uint8Array {
  return encodeSafetensors(...stateTensors(state));
}

/** The same bytes as {@link encodeState} in pieces, for states that are longer than one array can be. */
export function streamState(state: OptimizerState): AsyncIterable<Uint8Array> {
  return streamSafetensors(...stateTensors(state));
}

function stateTensors(state: OptimizerState): Parameters<typeof encodeSafetensors> {
  const { parameters, schemaVersion, optimizer, ...counts } = state;
  const tensors: Parameters<typeof encodeSafetensors>[0] = {};
  const steps: Record<string, number> = {};
  for (const parameter of Object.keys(parameters).sort()) {
    const { step, slots } = parameters[parameter]!;
    steps[parameter] = step;
    for (const [slot, { shape, data }] of Object.entries(slots)) {
      tensors[`${parameter}/${slot}`] = { dtype: 'F32', shape: [...shape], data };
    }
  }
  return [
    tensors,
    {
      schemaVersion: String(schemaVersion),
      optimizer,
      counts: JSON.stringify(counts),
      steps: JSON.stringify(steps),
    },
  ];
}

/**
 * Reads what {@link encodeState} wrote.
 *
 * @throws Error when the bytes are not an optimizer's state; the message names what is missing.
 */
export function decodeState(bytes: Uint8Array): OptimizerState {
  return stateOf(decodeSafetensors(bytes));
}

/**
 * Reads what {@link streamState} wrote, tensor by tensor.
 *
 * @throws Error as {@link decodeState}
 */
export async function readState(source: ByteSource | Blob): Promise<OptimizerState> {
  const reader = await openSafetensors(source);
  const tensors: [string, DecodedSafetensors['tensors'][string]][] = [];
  for (const name of reader.tensors.keys()) tensors.push([name, await reader.read(name)]);
  return stateOf({ tensors: Object.fromEntries(tensors), metadata: reader.metadata });
}

function stateOf({ tensors, metadata }: Readonly<DecodedSafetensors>): OptimizerState {
  const { schemaVersion, optimizer, counts, steps } = metadata;
  if (schemaVersion !== '1') {
    throw new Error(`not the state of an optimizer: schemaVersion must be 1, got ${schemaVersion}`);
  }
  if (optimizer === undefined || counts === undefined || steps === undefined) {
    throw new Error('not the state of an optimizer: the metadata must have optimizer, counts and steps');
  }
  const parameters: Record<string, { step: number; slots: Record<string, Slot> }> = {};
  for (const [parameter, step] of Object.entries(JSON.parse(steps) as Record<string, number>)) {
    parameters[parameter] = { step, slots: {} };
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
  const counted = JSON.parse(counts) as Pick<
    OptimizerState,
    'step' | 'skippedSteps' | 'microStep' | 'groups'
  >;
  return { schemaVersion: 1, optimizer, ...counted, parameters };
}

type Slot = ParameterState['slots'][string];
