import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** Draws that are a pure function of what they were seeded with, the same on every machine. */
export interface Random {
  /** A whole number from 0 to `count - 1`, all equally likely. */
  below(count: number): number;
  /** A number of the standard normal distribution. */
  normal(): number;
}

/**
 * Random numbers from a seed. The generator's own seeding returns the seed itself as the first number, so that seeds 0, 1, 2
 * would draw nearly alike: all of its state is therefore hashed from the seed and the stream.
 *
 * @param seed a whole number from 0
 * @param stream keeps draws for different purposes under one seed apart
 */
export function randomFrom(seed: number, stream: string): Random {
  const text = `${stream} ${seed}`;
  const state = [0, 1, 2, 3].map((word) => hash(`${word} ${text}`));
  // A state of zeros would stay there.
  const generator = xoroshiro128plusFromState(state.some((word) => word !== 0) ? state : [1, 0, 0, 0]);
  return {
    below: (count) => uniformInt(generator, 0, count - 1),
    // Box and Muller 1958.
    normal: () =>
      Math.sqrt(-2 * Math.log(1 - uniformFloat64(generator))) *
      Math.cos(2 * Math.PI * uniformFloat64(generator)),
  };
}

/** MurmurHash3 of the characters' codes (x86, 32 bits, Appleby 2011), one code for each block. */
function hash(text: string): number {
  let value = 0;
  for (let index = 0; index < text.length; index += 1) {
    let block = Math.imul(text.charCodeAt(index), 0xcc9e2d51);
    block = (block << 15) | (block >>> 17);
    value ^= Math.imul(block, 0x1b873593);
    value = (value << 13) | (value >>> 19);
    value = (Math.imul(value, 5) + 0xe6546b64) | 0;
  }
  value ^= text.length;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
