import { decodeSafetensors, encodeSafetensors } from '@steepest/safetensors';
import { describe, expect, it } from 'vitest';
import { decodeState, encodeState, type OptimizerState, readState, streamState } from '../src/index.ts';

const slot = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });
const eightBits = {
  shape: [2],
  format: '8bit-unsigned' as const,
  data: Uint8Array.of(1, 2),
  absmax: Float32Array.of(4),
};
const state: OptimizerState = {
  schemaVersion: 1,
  optimizer: 'moments',
  step: 7,
  skippedSteps: 2,
  microStep: 1,
  groups: [{ sum: 0.5 }, {}],
  parameters: {
    'net/b': { step: 3, slots: { momentum: slot(1, 2), secondMoment: slot(3) } },
    a: { step: 4, slots: {} },
  },
};

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return new Uint8Array(Buffer.concat(all));
}

describe('the file of a state', () => {
  it('gives the state back, at once or tensor by tensor', async () => {
    expect(decodeState(encodeState(state))).toStrictEqual(state);
    expect(await readState(new Blob([encodeState(state) as Uint8Array<ArrayBuffer>]))).toStrictEqual(state);
  });

  it('has the same bytes in pieces, and whatever order its parameters are in', async () => {
    const bytes = encodeState(state);
    expect(await joined(streamState(state))).toEqual(bytes);
    const reversed = Object.fromEntries(Object.entries(state.parameters).reverse());
    expect(encodeState({ ...state, parameters: reversed })).toEqual(bytes);
  });

  it.each(['b/c', 'b:c'])(
    'has no slot %s, which would look like a longer parameter or like scales',
    (name) => {
      const parameters = { a: { step: 1, slots: { [name]: slot(1) } } };
      expect(() => encodeState({ ...state, parameters })).toThrow(
        new Error(`slot "${name}" of "a" cannot be saved: its name has a slash or a colon`),
      );
    },
  );

  it('may have a parameter whose name has slashes and colons, also one as of scales, and counts that are no numbers', () => {
    const parameters = {
      'a:0/b/c:absmax': { step: 1, slots: { m: slot(1) } },
      'a:0/b/c': { step: 2, slots: { m: slot(2), codes: eightBits } },
    };
    const groups = [{ a: Infinity, b: -Infinity, c: Number.NaN, d: -0.5 }];
    const odd = { ...state, parameters, groups };
    expect(decodeState(encodeState(odd))).toStrictEqual(odd);
  });

  it('has no formats in its metadata unless some slot is in 8 bits', () => {
    const half = { shape: [1], format: 'bfloat16' as const, data: Uint16Array.of(1) };
    const metadataOf = (slots: OptimizerState['parameters'][string]['slots']) =>
      decodeSafetensors(encodeState({ ...state, parameters: { a: { step: 1, slots } } })).metadata;
    expect(metadataOf({ m: slot(1), half })).not.toHaveProperty('formats');
    expect(metadataOf({ m: slot(1), half, codes: eightBits }).formats).toBe('{"a/codes":"8bit-unsigned"}');
  });
});

describe('a file is none of a state', () => {
  const metadata = { schemaVersion: '1', optimizer: 'moments', counts: '{"step":1}', steps: '{"a":1}' };
  const { schemaVersion, optimizer, counts, steps } = metadata;
  const tensor = { dtype: 'F32' as const, shape: [1], data: Float32Array.of(1) };
  const codes = { dtype: 'U8' as const, shape: [1], data: Uint8Array.of(1) };
  const formats = '{"a/m":"8bit-signed"}';
  const integers = { dtype: 'I32' as const, shape: [1], data: Int32Array.of(1) };

  it('unless it is, as this one', () => {
    expect(decodeState(encodeSafetensors({ 'a/m': tensor }, metadata))).toEqual({
      schemaVersion: 1,
      optimizer: 'moments',
      step: 1,
      parameters: { a: { step: 1, slots: { m: slot(1) } } },
    });
  });

  it.each<[string, object, Record<string, string>, string]>([
    ['no version', {}, { optimizer, counts, steps }, 'schemaVersion must be 1, got undefined'],
    ['another version', {}, { ...metadata, schemaVersion: '2' }, 'schemaVersion must be 1, got 2'],
    [
      'no optimizer',
      {},
      { schemaVersion, counts, steps },
      'the metadata must have optimizer, counts and steps',
    ],
    [
      'no counts',
      {},
      { schemaVersion, optimizer, steps },
      'the metadata must have optimizer, counts and steps',
    ],
    [
      'no steps',
      {},
      { schemaVersion, optimizer, counts },
      'the metadata must have optimizer, counts and steps',
    ],
    ['broken counts', {}, { ...metadata, counts: '{' }, "the metadata's counts are not JSON"],
    ['broken steps', {}, { ...metadata, steps: 'a' }, "the metadata's steps are not JSON"],
    [
      'a list of counts',
      {},
      { ...metadata, counts: '[1]' },
      "the metadata's counts must be an object, got [1]",
    ],
    ['null steps', {}, { ...metadata, steps: 'null' }, "the metadata's steps must be an object, got null"],
    ['a number of steps', {}, { ...metadata, steps: '3' }, "the metadata's steps must be an object, got 3"],
    ['a slot of nothing', { 'b/m': tensor }, metadata, 'tensor "b/m" must be '],
    ['a slot of no parameter', { m: tensor }, metadata, 'tensor "m" must be '],
    ['a slot of no parameter but its last letter', { ax: tensor }, metadata, 'tensor "ax" must be '],
    ['scales of no slot', { 'a/m:absmax': tensor }, metadata, 'tensor "a/m:absmax" must be '],
    ['integers', { 'a/m': integers }, metadata, 'tensor "a/m" must be '],
    ['codes without scales', { 'a/m': codes }, { ...metadata, formats }, 'tensor "a/m" must be '],
    ['codes without a format', { 'a/m': codes, 'a/m:absmax': tensor }, metadata, 'tensor "a/m" must be '],
    [
      'codes of an unknown format',
      { 'a/m': codes, 'a/m:absmax': tensor },
      { ...metadata, formats: '{"a/m":"8bit"}' },
      'tensor "a/m" must be ',
    ],
    [
      'codes with scales that are integers',
      { 'a/m': codes, 'a/m:absmax': integers },
      { ...metadata, formats },
      'tensor "a/m" must be ',
    ],
    [
      'scales of a slot that needs none',
      { 'a/m': tensor, 'a/m:absmax': tensor },
      metadata,
      'tensor "a/m:absmax" must be "<parameter>/<slot>", of float32, bfloat16, or 8-bit codes with a format in the metadata and scales',
    ],
    [
      'broken formats',
      {},
      { ...metadata, formats: '[]' },
      "the metadata's formats must be an object, got []",
    ],
  ])('with %s', async (_, tensors, texts, message) => {
    const bytes = encodeSafetensors(tensors as never, texts);
    expect(() => decodeState(bytes)).toThrow(`not the state of an optimizer: ${message}`);
    await expect(readState(new Blob([bytes as Uint8Array<ArrayBuffer>]))).rejects.toThrow(
      `not the state of an optimizer: ${message}`,
    );
  });

  it('and says what JSON found', () => {
    const bytes = encodeSafetensors({}, { ...metadata, steps: '{' });
    expect(() => decodeState(bytes)).toThrow(expect.objectContaining({ cause: expect.any(SyntaxError) }));
  });
});
