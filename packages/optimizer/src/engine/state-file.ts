import {
  type ByteSource,
  type DecodedSafetensors,
  decodeSafetensors,
  encodeSafetensors,
  openSafetensors,
  streamSafetensors,
  type Tensor,
} from '@steepest/safetensors';
import type { OptimizerState, SavedSlot } from './optimizer-state.ts';

/** JSON has no NaN and no infinities: in the counts they are written as strings. */
function writeNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
function readNumber(_key: string, value: unknown): unknown {
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : value;
}

/**
 * Writes an optimizer's state as the bytes of a safetensors file: a tensor `<parameter>/<slot>` for every slot, and
 * the counts as JSON in the metadata. A slot in 8 bits has a second tensor `<parameter>/<slot>:absmax` of its scales, and its map is in
 * the metadata's `formats`. Equal states give equal bytes.
 *
 * @throws Error if the name of a slot has a slash, or the data of one is not float32.
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
  const sorted = Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1));
  const tensors = sorted.flatMap(([parameter, { slots }]) =>
    Object.entries(slots).flatMap(([slot, saved]) => {
      if (/[/:]/.test(slot))
        throw new Error(`slot "${slot}" of "${parameter}" cannot be saved: its name has a slash or a colon`);
      return slotTensors(`${parameter}/${slot}`, saved);
    }),
  );
  const formats = sorted.flatMap(([parameter, { slots }]) =>
    Object.entries(slots).flatMap(([slot, { format }]) =>
      format === undefined || format === 'bfloat16' ? [] : [[`${parameter}/${slot}`, format] as const],
    ),
  );
  const steps = sorted.map(([parameter, { step }]) => [parameter, step]);
  return [
    Object.fromEntries(tensors),
    {
      schemaVersion: String(schemaVersion),
      optimizer,
      counts: JSON.stringify(counts, writeNumber),
      steps: JSON.stringify(Object.fromEntries(steps)),
      ...(formats.length === 0 ? {} : { formats: JSON.stringify(Object.fromEntries(formats)) }),
    },
  ];
}

/** Ends the name of the scales of an 8-bit slot. */
const scalesSuffix = ':absmax';

function slotTensors(name: string, slot: SavedSlot): [string, Tensor][] {
  const shape = [...slot.shape];
  switch (slot.format) {
    case undefined:
      return [[name, { dtype: 'F32', shape, data: slot.data }]];
    case 'bfloat16':
      return [[name, { dtype: 'BF16', shape, data: slot.data }]];
    default:
      return [
        [name, { dtype: 'U8', shape, data: slot.data }],
        [name + scalesSuffix, { dtype: 'F32', shape: [slot.absmax.length], data: slot.absmax }],
      ];
  }
}

/**
 * Reads what {@link encodeState} wrote. `loadState` checks the counts.
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
  const { schemaVersion, optimizer, counts, steps, formats = '{}' } = metadata;
  if (schemaVersion !== '1') {
    throw new Error(`not the state of an optimizer: schemaVersion must be 1, got ${schemaVersion}`);
  }
  if (optimizer === undefined || counts === undefined || steps === undefined) {
    throw new Error('not the state of an optimizer: the metadata must have optimizer, counts and steps');
  }
  const parameters = new Map(
    Object.entries(readObject('steps', steps)).map(([name, step]) => [
      name,
      { step: step as number, slots: new Map<string, SavedSlot>() },
    ]),
  );
  const formatOf = readObject('formats', formats);
  for (const [name, tensor] of Object.entries(tensors)) {
    // Scales are read with their slot.
    if (name.endsWith(scalesSuffix) && tensors[name.slice(0, -scalesSuffix.length)]?.dtype === 'U8') continue;
    // A slot's name has neither a slash nor a colon; a parameter's may have many.
    const [, parameter = '', slotName = ''] = /^(.*)\/([^/:]+)$/s.exec(name) ?? [];
    const owner = slotName === '' ? undefined : parameters.get(parameter);
    const slot = slotOf(tensor, formatOf[name], tensors[name + scalesSuffix]);
    if (owner === undefined || slot === undefined) {
      throw new Error(
        `not the state of an optimizer: tensor "${name}" must be "<parameter>/<slot>", of float32, bfloat16, or 8-bit codes ` +
          'with a format in the metadata and scales',
      );
    }
    owner.slots.set(slotName, slot);
  }
  const counted = readObject('counts', counts) as unknown as Omit<
    OptimizerState,
    'schemaVersion' | 'optimizer' | 'parameters'
  >;
  const named = [...parameters].map(
    ([name, { step, slots }]) => [name, { step, slots: Object.fromEntries(slots) }] as const,
  );
  return { ...counted, schemaVersion: 1, optimizer, parameters: Object.fromEntries(named) };
}

type FileTensor = DecodedSafetensors['tensors'][string];

/** A slot from its tensors; `undefined` if they are none. */
function slotOf(
  { dtype, shape, data }: FileTensor,
  format: unknown,
  scales: FileTensor | undefined,
): SavedSlot | undefined {
  if (dtype === 'F32') return { shape, data: data as Float32Array };
  if (dtype === 'BF16') return { shape, format: 'bfloat16', data: data as Uint16Array };
  if (dtype !== 'U8' || scales?.dtype !== 'F32') return undefined;
  if (format !== '8bit-signed' && format !== '8bit-unsigned') return undefined;
  return { shape, format, data: data as Uint8Array, absmax: scales.data as Float32Array };
}

function readObject(name: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text, readNumber);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
  } catch (cause) {
    throw new Error(`not the state of an optimizer: the metadata's ${name} are not JSON`, { cause });
  }
  throw new Error(`not the state of an optimizer: the metadata's ${name} must be an object, got ${text}`);
}
