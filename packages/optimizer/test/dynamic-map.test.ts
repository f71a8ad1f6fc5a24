import { describe, expect, it } from 'vitest';
import { fromBfloat16, toBfloat16 } from '../src/state-formats/bfloat16.ts';
import { fromBlockCodes, toBlockCodes } from '../src/state-formats/block-codes.ts';
import { codeFinder, codeOf, dynamicMaps } from '../src/state-formats/dynamic-map.ts';
import { noiseKey, noiseOf } from '../src/state-formats/rounding-noise.ts';

describe('the dynamic maps', () => {
  // Dettmers et al. 2022, section 1.3: in decade i the midpoints of 2^i parts of [0.1, 1], or of twice as many without a sign. In the top
  // decade of the signed map the parts are 0.9 / 64 wide.
  it('have the published values', () => {
    const { signed, unsigned } = dynamicMaps;
    for (const { values } of [signed, unsigned]) {
      expect(values).toHaveLength(256);
      expect(values).toEqual(values.slice().sort());
      expect(new Set(values).size).toBe(256);
      expect(values[255]).toBe(1);
    }
    expect([signed.zero, unsigned.zero]).toEqual([127, 0]);
    expect([signed.values[127], unsigned.values[0]]).toEqual([0, 0]);
    expect(signed.values[254]).toBeCloseTo(1 - 0.9 / 128, 6);
    expect(signed.values[0]).toBeCloseTo(-(1 - 0.9 / 128), 6);
    expect(signed.values[128]! / 0.55e-6).toBeCloseTo(1, 6);
    expect(signed.values[129]! / 0.325e-5).toBeCloseTo(1, 6);
    expect(unsigned.values[254]).toBeCloseTo(1 - 0.9 / 256, 6);
    expect([unsigned.values[1]! / 0.325e-6, unsigned.values[2]! / 0.775e-6]).toEqual([
      expect.closeTo(1, 6),
      expect.closeTo(1, 6),
    ]);
    for (let code = 1; code < 127; code++)
      expect(signed.values[127 - code]).toBe(-signed.values[127 + code]!);
  });

  it.each(['signed', 'unsigned'] as const)('give the code of the nearest value (%s)', (name) => {
    const map = dynamicMaps[name];
    for (const [code, value] of map.values.entries()) {
      expect(codeOf(map, value)).toBe(code);
      const next = map.values[code + 1];
      if (next === undefined) continue;
      expect(codeOf(map, value + 0.49 * (next - value))).toBe(code);
      expect(codeOf(map, value + 0.51 * (next - value))).toBe(code + 1);
    }
    expect(codeOf(map, Number.NaN)).toBe(map.zero);
    expect([codeOf(map, -2), codeOf(map, 2)]).toEqual([0, 255]);
  });

  it.each(['signed', 'unsigned'] as const)('give the same code by their table (%s)', (name) => {
    const map = dynamicMaps[name];
    const find = codeFinder(map);
    // Boundaries and values, the float32 and float64 numbers next to them, what lies between, and beyond the map.
    const numbers = [...map.boundaries, ...map.values].flatMap((x) => [
      ...[x, -x, x * (1 + 2 ** -23), x * (1 - 2 ** -23), x * (1 + 2 ** -52), x * (1 - 2 ** -52), x * 1.003],
    ]);
    numbers.push(0, -0, 2, -2, 1e-45, -1e-45, Infinity, -Infinity, Number.NaN);
    for (const x of numbers) expect(find(x)).toBe(codeOf(map, x));
  });

  it('share a scale within blocks of 256 only', () => {
    const values = Float32Array.from({ length: 513 }, (_, index) =>
      index < 256 ? 1e-12 : index < 512 ? -3 : 0,
    );
    const blocks = toBlockCodes(values, dynamicMaps.signed);
    expect([...blocks.absmax]).toEqual([Math.fround(1e-12), 3, 0]);
    const back = fromBlockCodes(blocks, dynamicMaps.signed);
    expect(back[0]).toBe(Math.fround(1e-12));
    // There is no -1 in the map.
    expect(back[300]! / -3).toBeCloseTo(1 - 0.9 / 128, 6);
    expect(back[512]).toBe(0);
  });
});

describe('bfloat16', () => {
  it('keeps what it can hold, and rounds to the nearest without noise', () => {
    const exact = [
      0,
      -0,
      1,
      -1.5,
      2 ** -133,
      3.3895313892515355e38,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ];
    for (const key of [undefined, 1, 2, 3]) {
      expect([...fromBfloat16(toBfloat16(exact, key))]).toEqual(exact);
      expect(fromBfloat16(toBfloat16([Number.NaN], key))[0]).toBeNaN();
    }
    // Between 1 and 2 its numbers are 2^-7 apart.
    expect([...fromBfloat16(toBfloat16([1 + 0.49 / 128, 1 + 0.51 / 128, -1 - 0.51 / 128]))]).toEqual([
      1,
      1 + 1 / 128,
      -1 - 1 / 128,
    ]);
  });

  it('cuts float64 to float32 before it rounds, and not beyond it', () => {
    // 1 + 1 / 128 is the number next to 1. What is missing to it, and to half of it, is below a digit of float32.
    const below = [1 + (1 - 2 ** -40) / 128, 1 + (0.5 - 2 ** -40) / 128, 1 + (0.5 + 2 ** -40) / 128];
    expect([...fromBfloat16(toBfloat16(below))]).toEqual([1 + 1 / 128, 1, 1 + 1 / 128]);
    // The largest float32 is one of 65,536 parts below infinity, and the noise of one element in 65,536 leaves it there.
    const largest = new Float32Array(100).fill(3.4028234663852886e38);
    expect(new Set(fromBfloat16(toBfloat16(largest, 1)))).toEqual(new Set([Infinity]));
  });

  it('is the number itself in the mean over noise', () => {
    const x = 1 + 0.3 / 128;
    const count = 40_000;
    const rounded = fromBfloat16(
      toBfloat16(new Float64Array(count).fill(x), noiseKey('weight', 'momentum', 7)),
    );
    const up = rounded.filter((value) => value !== 1);
    for (const value of up) expect(value).toBe(1 + 1 / 128);
    // Four standard deviations of a share of 0.3.
    expect(Math.abs(up.length / count - 0.3)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / count));
  });

  it('is rounded by other noise for another parameter, slot, step and element', () => {
    const keys = [
      noiseKey('a', 'momentum', 1),
      noiseKey('b', 'momentum', 1),
      noiseKey('a', 'secondMoment', 1),
      noiseKey('a', 'momentum', 2),
    ];
    const count = 1000;
    const series = keys.map((key) =>
      Array.from({ length: count }, (_, element) => noiseOf(key, element) / 65_536),
    );
    for (const [index, one] of series.entries()) {
      const mean = one.reduce((sum, x) => sum + x, 0) / count;
      // A uniform number has a standard deviation of 0.29.
      expect(Math.abs(mean - 0.5)).toBeLessThan((4 * 0.29) / Math.sqrt(count));
      for (const other of [
        ...series.slice(index + 1),
        [...one.slice(1), one[0]!],
        [...one.slice(4), ...one.slice(0, 4)],
      ]) {
        const correlation = one.reduce((sum, x, i) => sum + (x - 0.5) * (other[i]! - 0.5), 0) / (count / 12);
        expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(count));
      }
    }
  });
});
