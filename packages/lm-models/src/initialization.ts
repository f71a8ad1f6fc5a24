import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { ParameterDescription } from './parameters.ts';

const truncation = 3;

/**
 * Initial weights of a parameter: a normal distribution cut at 3 standard deviations; ones for a norm, zeros for a bias.
 *
 * The stream of random numbers depends on the seed and the path only, so a toggle that adds or removes other
 * parameters leaves these as they are.
 */
export function initialWeights(parameter: ParameterDescription, seed: number): Float32Array {
  const size = parameter.shape.reduce((product, length) => product * length, 1);
  const weights = new Float32Array(size);
  const { standardDeviation } = parameter;
  if (standardDeviation === undefined) return weights.fill(1);
  if (standardDeviation === 0) return weights;
  const random = xoroshiro128plus(streamSeed(parameter.path, seed));
  let filled = 0;
  while (filled < size) {
    // Box and Muller's transform: two independent normal numbers of two uniform ones.
    const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(random)));
    const angle = 2 * Math.PI * uniformFloat64(random);
    for (const normal of [radius * Math.cos(angle), radius * Math.sin(angle)]) {
      if (Math.abs(normal) <= truncation && filled < size) weights[filled++] = normal * standardDeviation;
    }
  }
  return weights;
}

// FNV-1a over both.
function streamSeed(path: string, seed: number): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed}/${path}`) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  }
  return hash | 0;
}
