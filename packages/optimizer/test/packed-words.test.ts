import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { blocksIn } from '../src/state-formats/block-codes.ts';
import {
  type EightBitData,
  filledData,
  type PackedData,
  packed,
  unpacked,
} from '../src/state-formats/packed-slot.ts';
import { bytesOfCodes, fromWords, toNumbers, toWords, wordCount } from '../src/state-formats/packed-words.ts';
import { noiseKey, noiseOf } from '../src/state-formats/rounding-noise.ts';

const codes = (data: readonly number[], absmax: readonly number[], format = '8bit-signed'): PackedData =>
  ({ format, data: Uint8Array.from(data), absmax: Float32Array.from(absmax) }) as PackedData;

describe('packed data as words of memory', () => {
  it('has codes to a multiple of four and a scale for every 256 of them, or bfloat16 to a multiple of eight', () => {
    expect([0, 1, 256, 257, 512].map(blocksIn)).toEqual([0, 1, 1, 2, 2]);
    expect([0, 1, 4, 5].map(bytesOfCodes)).toEqual([0, 4, 4, 8]);
    const counts = [0, 1, 5, 256, 257];
    expect(counts.map((count) => wordCount('8bit-unsigned', count))).toEqual([
      0,
      1 + 1,
      2 + 1,
      64 + 1,
      65 + 2,
    ]);
    expect(counts.map((count) => wordCount('bfloat16', count))).toEqual([0, 4, 4, 128, 132]);
  });

  it.each([
    ['8bit-signed', 127],
    ['8bit-unsigned', 0],
  ] as const)('of %s is filled up with the code of 0', (format, zero) => {
    const words = toWords(codes([1, 2, 3, 4, 250], [0.5], format));
    expect([...new Uint8Array(words.buffer, 0, 8)]).toEqual([1, 2, 3, 4, 250, zero, zero, zero]);
    expect([...new Float32Array(words.buffer, 8)]).toEqual([0.5]);
  });

  it('comes back, also as an array of another realm', () => {
    const slot = codes([1, 2, 3, 4, 250], [0.5]);
    for (const words of [toWords(slot), runInNewContext('Int32Array').from(toWords(slot))]) {
      expect(fromWords(words, '8bit-signed', 5)).toEqual(slot);
    }
    const halves: PackedData = { format: 'bfloat16', data: Uint16Array.from([1, 65_535, 3]) };
    expect(toWords(halves)).toEqual(Int32Array.from([(65_535 << 16) | 1, 3, 0, 0]));
    expect(fromWords(toWords(halves), 'bfloat16', 3)).toEqual(halves);
  });
});

describe('packed data as numbers of a device', () => {
  it('has three codes in each, and the scales behind them', () => {
    const slot = codes([1, 2, 3, 255], [0.5]);
    const numbers = toNumbers(slot);
    expect([...numbers]).toEqual([1 + 256 * 2 + 65_536 * 3, 255, 0.5]);
    for (const read of [numbers, runInNewContext('Float32Array').from(numbers)]) {
      const { format, data, absmax } = fromWords(read, '8bit-signed', 4) as EightBitData;
      expect([format, [...data], [...absmax]]).toEqual(['8bit-signed', [1, 2, 3, 255], [0.5]]);
    }
  });

  it('is none of bfloat16', () => {
    const message = 'numbers of 24 bits cannot hold two bfloat16';
    expect(() => toNumbers({ format: 'bfloat16', data: new Uint16Array(1) })).toThrow(message);
    expect(() => fromWords(new Float32Array(1), 'bfloat16', 1)).toThrow(message);
  });
});

it('equal elements are packed as one is', () => {
  for (const format of ['8bit-signed', '8bit-unsigned', 'bfloat16'] as const) {
    const filled = filledData(format, 300, 0.375);
    expect(filled).toEqual(packed(format, new Float32Array(300).fill(0.375)));
    // 3 * 2^-3 has two binary digits, and is the largest of its block.
    expect(new Set(unpacked(filled))).toEqual(new Set([0.375]));
  }
});

describe('the noise of rounding', () => {
  const word = (x: bigint): bigint => BigInt.asUintN(32, x);
  /** `lowbias32` of Wellons (2018), on integers of any size. */
  const mixed = (x: bigint): bigint => {
    let bits = word((x ^ (x >> 16n)) * 0x7feb352dn);
    bits = word((bits ^ (bits >> 15n)) * 0x846ca68bn);
    return bits ^ (bits >> 16n);
  };
  const step = 0x9e3779b1n;
  /** FNV-1a over both names with a NUL between them, and the step. */
  const keyOf = (parameter: string, slot: string, at: number): bigint => {
    let hash = 0x811c9dc5n;
    for (const character of `${parameter}\0${slot}`)
      hash = word((hash ^ BigInt(character.charCodeAt(0))) * 0x01000193n);
    return mixed(word(hash + word(BigInt(at) * step)));
  };

  it.each([
    ['dense/kernel', 'momentum', 1],
    ['dense/kernel', 'momentum', 7],
    ['größe', 'a', 123_456],
    ['', '', 0],
  ])('has a key of the names "%s" and "%s" and the step %i', (parameter, slot, at) => {
    expect(BigInt(noiseKey(parameter, slot, at) >>> 0)).toBe(keyOf(parameter, slot, at));
  });

  it('is the same for a layer that tfjs has renamed, any number of times', () => {
    const key = noiseKey('outer/dense/kernel', 'm', 3);
    for (const name of ['outer/dense/kernel_1', 'outer/dense/kernel_20', 'outer/dense/kernel_1_3']) {
      expect(noiseKey(name, 'm', 3)).toBe(key);
    }
    for (const name of ['kernel_1', 'a/kernel_0', 'a/kernel_01', 'a/_1', 'a_1/kernel', 'a/kernel_1b']) {
      expect(BigInt(noiseKey(name, 'm', 3) >>> 0)).toBe(keyOf(name, 'm', 3));
    }
  });

  it('has the upper halves of four counters for four elements, and their lower halves for the next four', () => {
    const key = 0xfedc_ba98;
    for (let element = 0; element < 40; element++) {
      const counter = 4n * BigInt(Math.floor(element / 8)) + BigInt(element % 4);
      const bits = mixed(word(counter * step + BigInt(key)));
      expect(BigInt(noiseOf(key | 0, element))).toBe(element % 8 < 4 ? bits >> 16n : bits & 0xffffn);
    }
  });
});
