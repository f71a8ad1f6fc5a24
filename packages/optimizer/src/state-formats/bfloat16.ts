import { noiseOf } from './rounding-noise.ts';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);
const floatOf = (pattern: number): number => {
  bits[0] = pattern;
  return float[0]!;
};

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
  const sign = bits[0]! >>> 31;
  let lower = (bits[0]! >>> 16) & 0x7fff;
  const magnitude = Math.abs(x);
  // A float64 may have been rounded up to float32.
  if (floatOf(lower << 16) > magnitude) lower -= 1;
  const [from, to] = [floatOf(lower << 16), floatOf((lower + 1) << 16)];
  const place = ((magnitude - from) / (to - from)) * 65_536;
  const rounded = place + noise >= 65_536 ? lower + 1 : lower;
  return (sign << 15) | rounded;
}

/**
 * Rounds numbers to bfloat16, the upper half of a float32.
 *
 * @param key of the noise of stochastic rounding; without one, to the nearest number
 */
export function toBfloat16(values: ArrayLike<number>, key?: number): Uint16Array {
  return Uint16Array.from(values, (x, index) =>
    bfloat16Bits(x, key === undefined ? nearest : noiseOf(key, index)),
  );
}

/** The numbers that bfloat16 are. */
export function fromBfloat16(halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}
