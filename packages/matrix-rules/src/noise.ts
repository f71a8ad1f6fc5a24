import type { SettingSpec, Shape, TensorTransform } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** What noise is drawn for. */
export interface NoiseDraw {
  /** Name of the parameter. */
  readonly name: string;
  /** Shape of the noise. */
  readonly shape: Shape;
  /** The step it is for, counted from 1. */
  readonly step: number;
}

/** A seed, or a function that returns the noise itself, flat and row-major. */
export type NoiseSource = number | ((draw: NoiseDraw) => ArrayLike<number>);

/** The setting that a rule's noise comes from. */
export const noiseSetting: SettingSpec<NoiseSource> = {
  default: 0,
  description: 'Seed of the noise, or a function of { name, shape, step } that returns it',
  check: (value) =>
    typeof value === 'function' ||
    (Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32)
      ? undefined
      : 'must be a whole number from 0 to 4294967295, or a function that returns the noise',
};

/**
 * Standard normal noise, which depends on nothing but the seed, the shape and the step: a resumed run draws the same, also
 * for parameters that have other names since. Those of one shape see the same noise. Scalar: the step.
 *
 * @throws Error, in a step, if a function returns another number of numbers
 */
export function gaussianNoise(shape: Shape, name: string, source: NoiseSource): TensorTransform {
  const size = sizeOf(shape);
  const drawn = (step: number): ArrayLike<number> => {
    if (typeof source === 'number') return seededNoise(shape, source, step);
    const given = source({ name, shape, step });
    if (given.length === size) return given;
    throw new Error(
      `the noise for "${name}" [${shape.join(', ')}] needs ${size} numbers, got ${given.length}`,
    );
  };
  return {
    name: 'gaussianNoise',
    shape,
    onTensors: (_, [step]) => tf.tensor(Float32Array.from(drawn(step!)), [...shape]),
    inFloat64: (_, [step]) => Float64Array.from(drawn(step!)),
  };
}

const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

/** The noise of the last step for a seed and a shape, which parameters of one shape share. */
const lastNoise = new Map<string, { readonly step: number; readonly noise: Float32Array }>();

function seededNoise(shape: Shape, seed: number, step: number): Float32Array {
  const key = `${seed}/${shape.join('x')}`;
  let last = lastNoise.get(key);
  if (last?.step !== step) {
    last = { step, noise: drawnNoise(shape, seed, step) };
    lastNoise.set(key, last);
  }
  return last.noise;
}

/** As float32 holds it, so that both interpreters see the same. */
function drawnNoise(shape: Shape, seed: number, step: number): Float32Array {
  const size = sizeOf(shape);
  const random = xoroshiro128plus(streamSeed(`${seed}/${shape.join('x')}/${step}`));
  const noise = new Float32Array(size);
  for (let i = 0; i < size; i += 2) {
    // Box and Muller's transform: two independent normal numbers of two uniform ones.
    const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(random)));
    const angle = 2 * Math.PI * uniformFloat64(random);
    noise[i] = radius * Math.cos(angle);
    if (i + 1 < size) noise[i + 1] = radius * Math.sin(angle);
  }
  return noise;
}

/** FNV-1a. */
function streamSeed(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  return hash | 0;
}
