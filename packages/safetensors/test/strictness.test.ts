import { describe, expect, it } from 'vitest';
import { type DataType, decodeSafetensors, encodeSafetensors, type TensorData } from '../src/index.ts';

// What is right is what Python safetensors 0.8.0 (the reference implementation, in Rust) says of the same bytes.

/** A file with the given header and a number of data bytes. */
function file(header: string | Uint8Array, dataLength = 0): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (fields: string) => `{"w":{${fields}}}`;
const empty = '"dtype":"U8","shape":[0],"data_offsets":[0,0]';
const one = '"dtype":"U8","shape":[1],"data_offsets":[0,1]';
const lists = (count: number) => '['.repeat(count) + ']'.repeat(count);

describe('a header is refused', () => {
  it.each([
    ['that begins with a byte order mark', '\uFEFF{}', 0],
    ['with two __metadata__', '{"__metadata__":{"a":"b"},"__metadata__":{"a":"c"}}', 0],
    ['with two __metadata__, one of them null', '{"__metadata__":null,"__metadata__":{}}', 0],
    ['with __metadata__ of text', '{"__metadata__":"x"}', 0],
    ['with __metadata__ of a list', '{"__metadata__":[["a","b"]]}', 0],
    ['with a field twice in a tensor', entry(`"dtype":"I8",${one}`), 1],
    ['with a field twice, once by an escape', entry(`${empty},"\\u0064type":"U8"`), 0],
    ['with a shape of [1.0]', entry('"dtype":"U8","shape":[1.0],"data_offsets":[0,1]'), 1],
    ['with a shape of [1e0]', entry('"dtype":"U8","shape":[1e0],"data_offsets":[0,1]'), 1],
    ['with a shape of [-0]', entry('"dtype":"U8","shape":[-0],"data_offsets":[0,0]'), 0],
    ['with a shape of [01]', entry('"dtype":"U8","shape":[01],"data_offsets":[0,1]'), 1],
    ['with a shape of null', entry('"dtype":"U8","shape":null,"data_offsets":[0,0]'), 0],
    ['with an offset of 0e0', entry('"dtype":"U8","shape":[1],"data_offsets":[0e0,1]'), 1],
    ['with three offsets', entry('"dtype":"U8","shape":[0],"data_offsets":[0,0,0]'), 0],
    ['with offsets that swap places', entry('"dtype":"U8","shape":[0],"data_offsets":[1,0]'), 1],
    ['with half of a surrogate pair in a name', `{"\\ud800":{${empty}}}`, 0],
    ['with half of a surrogate pair in metadata', '{"__metadata__":{"a":"\\udc00"}}', 0],
    ['with half of a surrogate pair in an unknown field', entry(`${empty},"x":"\\ud800"`), 0],
    [
      'with a shape whose product passes 2^64 before a 0',
      entry('"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]'),
      0,
    ],
    ['with an unusable tensor before one of the same name', `{"w":{"dtype":3},"w":{${one}}}`, 1],
    ['with elements that end within a byte', entry('"dtype":"F4","shape":[3],"data_offsets":[0,2]'), 2],
    [
      'with a control character in a name',
      new Uint8Array([...'{"a\u0001":1}'].map((c) => c.charCodeAt(0))),
      0,
    ],
    ['with bytes that are not UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 0],
    ['with an unknown escape', `{"\\a":{${empty}}}`, 0],
    ['with a comma too many', `{"w":{${empty}},}`, 0],
    ['with text after its end', '{} x', 0],
    ['with zeros after its end', '{}\0\0\0\0\0\0', 0],
    ['with a vertical tab', '{\u000b}', 0],
    ['with a no-break space', '{\u00a0}', 0],
    ['with a number out of range in an unknown field', entry(`${empty},"x":1e999`), 0],
    ['that is nested 128 deep', entry(`${empty},"x":${lists(126)}`), 0],
    ['that is nested a million deep', entry(`${empty},"x":${lists(1_000_000)}`), 0],
    ['of null', 'null', 0],
    ['of nothing', '', 0],
    ['that ends within a text', '{"w', 0],
    ['that ends after a backslash', '{"w\\', 0],
  ])('%s', (_, header, dataLength) => {
    expect(() => decodeSafetensors(file(header, dataLength))).toThrow(/^safetensors: /);
  });
});

describe('a header is accepted', () => {
  it.each([
    ['with __metadata__ of null', '{"__metadata__":null}', 0],
    ['with an unknown field, even twice', entry(`${empty},"x":1,"x":{"y":1,"y":2}`), 0],
    [
      'with white space of JSON before, within and after',
      '\n {\t"w" : {\r "dtype":"U8","shape":[ 0 ],"data_offsets":[0 ,0]}} \n',
      0,
    ],
    [
      'with escapes in names and values',
      entry('"\\u0064type":"\\u00558","shape":[0],"data_offsets":[0,0]'),
      0,
    ],
    [
      'with 0 before lengths whose product passes 2^64',
      entry('"dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]'),
      0,
    ],
    ['that is nested 127 deep', entry(`${empty},"x":${lists(125)}`), 0],
    ['with the last of two tensors of one name', `{"w":{${empty}},"w":{${empty}}}`, 0],
  ])('%s', (_, header, dataLength) => {
    decodeSafetensors(file(header, dataLength));
  });

  it('and tells the last of two tensors of one name', () => {
    const { tensors } = decodeSafetensors(file(`{"w":{${empty}},"w":{${one}}}`, 1));
    expect(tensors.w!.shape).toEqual([1]);
  });

  it('with names that an object would treat as its own', () => {
    for (const name of ['__proto__', 'constructor', 'toString', '']) {
      const { tensors } = decodeSafetensors(file(`{"${name}":{${one}}}`, 1));
      expect(Object.keys(tensors)).toEqual([name]);
      expect(Object.getPrototypeOf(tensors)).toBe(Object.prototype);
    }
  });
});

it('every element type is written in the order of the reference implementation, and read again', () => {
  const data: Record<DataType, TensorData> = {
    BOOL: Uint8Array.of(1, 0, 1, 1),
    F4: Uint8Array.of(0x12, 0x34),
    F6_E2M3: Uint8Array.of(1, 2, 3),
    F6_E3M2: Uint8Array.of(4, 5, 6),
    U8: Uint8Array.of(1, 2, 3, 4),
    I8: Int8Array.of(-1, 2, 3, 4),
    F8_E5M2: Uint8Array.of(1, 2, 3, 4),
    F8_E4M3: Uint8Array.of(5, 2, 3, 4),
    F8_E8M0: Uint8Array.of(6, 2, 3, 4),
    F8_E4M3FNUZ: Uint8Array.of(7, 2, 3, 4),
    F8_E5M2FNUZ: Uint8Array.of(8, 2, 3, 4),
    I16: Int16Array.of(-1, 2, 3, 4),
    U16: Uint16Array.of(1, 2, 3, 4),
    F16: Uint16Array.of(2, 2, 3, 4),
    BF16: Uint16Array.of(3, 2, 3, 4),
    I32: Int32Array.of(-1, 2, 3, 4),
    U32: Uint32Array.of(1, 2, 3, 4),
    F32: Float32Array.of(0.5, 2, 3, 4),
    C64: Float32Array.of(1, -1, 2, -2, 3, -3, 4, -4),
    F64: Float64Array.of(0.1, 2, 3, 4),
    I64: BigInt64Array.of(-1n, 2n, 3n, 4n),
    U64: BigUint64Array.of(1n, 2n, 3n, 4n),
  };
  const types = Object.keys(data) as DataType[];
  const tensors = Object.fromEntries(types.map((dtype) => [dtype, { dtype, shape: [4], data: data[dtype] }]));
  const decoded = decodeSafetensors(encodeSafetensors(tensors)).tensors;
  expect(decoded).toEqual(tensors);
  // The types of safetensors 0.8.0 from its narrowest to its widest, which is written first.
  expect(Object.keys(decoded)).toEqual(types.reverse());
});

it('elements that end within a byte cannot be written', () => {
  const half = { dtype: 'F4', shape: [3], data: Uint8Array.of(1, 2) } as const;
  expect(() => encodeSafetensors({ half: { ...half, shape: [3] } })).toThrow(
    'tensor "half": shape [3] of F4 does not fill a whole number of bytes',
  );
});
