import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Standard normal numbers, the same for the same seed (Box and Muller 1958). */
export function normalNumbers(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  return () =>
    Math.sqrt(-2 * Math.log1p(-uniformFloat64(generator))) *
    Math.cos(2 * Math.PI * uniformFloat64(generator));
}
