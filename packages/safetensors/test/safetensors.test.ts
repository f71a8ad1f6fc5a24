import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../src/index.ts';

// Written by Python safetensors: tools/reference/safetensors/make_fixtures.py. All comparisons are exact:
// the format stores bits, so there is nothing to round.
const python = new Uint8Array(readFileSync(new URL('./fixtures/python.safetensors', import.meta.url)));

/** A file with the given header text and data bytes, however wrong. */
function file(header: string, data: number[] = []): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

describe('files written by Python safetensors', () => {
  it('decode to the values the script put in', () => {
    const { tensors, metadata } = decodeSafetensors(python);
    expect(metadata).toEqual({ format: 'np' });
    expect(tensors).toEqual({
      weight: { dtype: 'F32', shape: [2, 3], data: Float32Array.of(1.5, -2.25, 3, 0.1, -0, 1e-30) },
      scalar: { dtype: 'F64', shape: [], data: Float64Array.of(0.1) },
      ids: { dtype: 'I32', shape: [3], data: Int32Array.of(-1, 0, 2147483647) },
      bytes: { dtype: 'U8', shape: [3], data: Uint8Array.of(0, 127, 255) },
      signed: { dtype: 'I8', shape: [2], data: Int8Array.of(-128, 127) },
      long: { dtype: 'I64', shape: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) },
      unsigned: { dtype: 'U64', shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) },
      mask: { dtype: 'BOOL', shape: [1, 3], data: Uint8Array.of(1, 0, 1) },
      half: { dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) },
      short: { dtype: 'I16', shape: [2], data: Int16Array.of(-32768, 5) },
      empty: { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
      'tensör/0': { dtype: 'U32', shape: [1], data: Uint32Array.of(7) },
    });
  });

  it('are reproduced byte for byte by encodeSafetensors', () => {
    const { tensors, metadata } = decodeSafetensors(python);
    expect(encodeSafetensors(tensors, metadata)).toEqual(python);
  });

  it('decode from any position inside a larger buffer', () => {
    const larger = new Uint8Array(python.length + 7);
    larger.set(python, 3);
    expect(decodeSafetensors(larger.subarray(3, 3 + python.length))).toEqual(decodeSafetensors(python));
  });
});

describe('encodeSafetensors', () => {
  it('gives the same bytes whatever the order of the keys', () => {
    const a: Tensor = { dtype: 'F32', shape: [1], data: Float32Array.of(1) };
    const b: Tensor = { dtype: 'U8', shape: [1], data: Uint8Array.of(2) };
    expect(encodeSafetensors({ b, a, 0: a }, { y: '1', x: '2' })).toEqual(
      encodeSafetensors({ 0: a, a, b }, { x: '2', y: '1' }),
    );
  });

  it('starts the data at a multiple of 8 bytes and pads the header with spaces', () => {
    for (let length = 0; length < 9; length++) {
      const name = 'n'.repeat(length);
      const bytes = encodeSafetensors({ [name]: { dtype: 'F64', shape: [], data: Float64Array.of(1) } });
      expect((bytes.length - 8) % 8).toBe(0);
      expect(new TextDecoder().decode(bytes.subarray(8, -8))).toMatch(/^\{.*\} *$/);
    }
  });

  it('writes only the elements a typed array sees, not its whole buffer', () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    const { tensors } = decodeSafetensors(encodeSafetensors({ x: { dtype: 'F32', shape: [2], data } }));
    expect(tensors.x?.data).toEqual(Float32Array.of(2, 3));
  });

  it('round-trips any names, shapes and bits', () => {
    const tensor = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }).chain((shape) =>
      fc.record({
        dtype: fc.constant('F32' as const),
        shape: fc.constant(shape),
        data: fc.float32Array({
          minLength: shape.reduce((a, b) => a * b, 1),
          maxLength: shape.reduce((a, b) => a * b, 1),
        }),
      }),
    );
    const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__metadata__');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, tensor)),
        fc.dictionary(fc.string(), fc.string()),
        (pairs, metadata) => {
          const tensors: Record<string, Tensor> = Object.fromEntries(pairs);
          const decoded = decodeSafetensors(encodeSafetensors(tensors, metadata));
          expect(decoded.tensors).toEqual(tensors);
          expect({ ...decoded.metadata }).toEqual({ ...metadata });
        },
      ),
      { numRuns: 100 },
    );
  });

  const good: Tensor = { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) };
  it.each([
    ['an unknown dtype', { ...good, dtype: 'float32' }, 'tensor "w": dtype must be one of U64,'],
    [
      'a wrong shape',
      { ...good, shape: [2, -1] },
      'shape must be a list of whole numbers of at least 0, got [2,-1]',
    ],
    ['too few elements', { ...good, shape: [2, 2] }, 'tensor "w": shape [2,2] needs 4 elements, got 2'],
    [
      'a wrong array',
      { ...good, data: [1, 2] },
      'tensor "w": data of dtype F32 must be a Float32Array, got Array',
    ],
    [
      'another typed array',
      { ...good, dtype: 'I32' },
      'data of dtype I32 must be a Int32Array, got Float32Array',
    ],
    ['nothing', undefined, 'tensor "w": dtype must be one of'],
  ])('names the tensor with %s', (_, tensor, message) => {
    expect(() => encodeSafetensors({ w: tensor as Tensor })).toThrow(message);
  });

  it('rejects names and metadata the format cannot hold', () => {
    expect(() => encodeSafetensors({ __metadata__: good })).toThrow('reserved for metadata');
    expect(() => encodeSafetensors({ '\ud800': good })).toThrow('half of a surrogate pair');
    expect(() => encodeSafetensors({}, { step: 3 as unknown as string })).toThrow(
      'metadata "step": the value must be a string, got number',
    );
  });
});

describe('decodeSafetensors', () => {
  it('reads a file without tensors', () => {
    expect(decodeSafetensors(encodeSafetensors({}))).toEqual({ tensors: {}, metadata: {} });
  });

  it('names the tensor and byte where a file cut off anywhere ends', () => {
    for (let length = 0; length < python.length; length++) {
      expect(() => decodeSafetensors(python.subarray(0, length))).toThrow(/byte \d+/);
    }
  });

  const f32 = '"dtype":"F32","shape":[1]';
  it.each([
    [
      'a gap',
      `{"w":{${f32},"data_offsets":[1,5]}}`,
      5,
      'tensor "w" at byte 63: tensors must lie without gaps',
    ],
    [
      'missing data',
      `{"w":{${f32},"data_offsets":[0,4]}}`,
      2,
      'tensor "w" at byte 62: needs bytes up to 66, but the file ends at byte 64',
    ],
    [
      'surplus data',
      `{"w":{${f32},"data_offsets":[0,4]}}`,
      6,
      'the last tensor ends at byte 66, but the file ends at byte 68',
    ],
    [
      'a wrong size',
      `{"w":{${f32},"data_offsets":[0,8]}}`,
      8,
      'shape [1] of F32 needs 4 bytes, data_offsets give 8',
    ],
    [
      'an unknown dtype',
      '{"w":{"dtype":"F99"}}',
      0,
      'tensor "w" in the header at byte 8: dtype must be one of',
    ],
    ['no shape', '{"w":{"dtype":"F32"}}', 0, 'shape must be a list of whole numbers'],
    ['no offsets', `{"w":{${f32}}}`, 0, 'data_offsets must be two whole numbers'],
    ['a list', '[]', 0, 'must be a JSON object'],
    ['broken JSON', '{"w":', 0, 'the header at byte 8 is not valid JSON'],
    [
      'metadata of numbers',
      '{"__metadata__":{"a":1}}',
      0,
      '__metadata__ in the header at byte 8 must map strings',
    ],
  ])('explains a header with %s', (_, header, dataBytes, message) => {
    expect(() => decodeSafetensors(file(header, new Array(dataBytes).fill(0)))).toThrow(message);
  });

  it('rejects two tensors that share bytes', () => {
    const header = `{"a":{${f32},"data_offsets":[0,4]},"b":{${f32},"data_offsets":[0,4]}}`;
    expect(() => decodeSafetensors(file(header, [0, 0, 0, 0]))).toThrow('tensor "b"');
  });

  it('says when bytes are not a safetensors file', () => {
    expect(() => decodeSafetensors(new TextEncoder().encode('<!DOCTYPE html>'))).toThrow(
      'not a safetensors file',
    );
    expect(() => decodeSafetensors('text' as unknown as Uint8Array)).toThrow('as a Uint8Array, got string');
  });
});
