import { encodeSafetensors } from '@steepest/safetensors';
import { describe, expect, it } from 'vitest';
import { decodeState, encodeState, type OptimizerState, readState, streamState } from '../src/index.ts';

const slot = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });
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

  it('has no slot with a slash in its name, which would look like a longer parameter', () => {
    const parameters = { a: { step: 1, slots: { 'b/c': slot(1) } } };
    expect(() => encodeState({ ...state, parameters })).toThrow(
      'slot "b/c" of "a" cannot be saved: its name has a slash',
    );
  });
});

describe('a file is none of a state', () => {
  const metadata = { schemaVersion: '1', optimizer: 'moments', counts: '{"step":1}', steps: '{"a":1}' };
  const { schemaVersion, optimizer, counts, steps } = metadata;
  const tensor = { dtype: 'F32' as const, shape: [1], data: Float32Array.of(1) };
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
