import { noiseOf } from './rounding-noise.ts';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

const quietNaN = 0x7fc0;
/** Rounds to the nearest number, and away from zero halfway between two. */
const nearest = 0x8000;

/**
 * The upper half of the float32 that a number is rounded to: away from zero where its place between two neighbors, in 65536ths, and
 * the noise add up to 65536, so that over evenly distributed noise the mean is the number itself.
 */
function bfloat16Bits(x: number, noise: number): number {
  if (Number.isNaN(x)) return quietNaN;
  float[0] = x;
  let magnitude = bits[0]! & 0x7fffffff;
  // A float64 may have been rounded up to float32. What is beyond float32 adds less than a 65536th to its place.
  if (Math.abs(float[0]!) > Math.abs(x)) magnitude -= 1;
  return ((bits[0]! >>> 16) & 0x8000) | ((magnitude + noise) >>> 16);
}

/**
 * Rounds numbers to bfloat16, the upper half of a float32.
 *
 * @param key of the noise of stochastic rounding; without one, to the nearest number
 */
export function toBfloat16(values: ArrayLike<number>, key?: number): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i++) {
    halves[i] = bfloat16Bits(values[i]!, key === undefined ? nearest : noiseOf(key, i));
  }
  return halves;
}

/** The numbers that bfloat16 are. */
export function fromBfloat16(halves: Uint16Array): Float32Array {
  const patterns = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) patterns[i] = halves[i]! << 16;
  return new Float32Array(patterns.buffer);
}
