const increment = 0x9e3779b1;

/** Spreads the bits of a 32-bit number: the two-round mixer of Wellons, "Prospecting for Hash Functions" (2018), `lowbias32`. */
function mixed(x: number): number {
  let bits = Math.imul(x ^ (x >>> 16), mixers[0]);
  bits = Math.imul(bits ^ (bits >>> 15), mixers[1]);
  return bits ^ (bits >>> 16);
}

/** What the mixer multiplies by. */
export const mixers = [0x7feb352d, 0x846ca68b] as const;

/** From one counter to the next. */
export const elementStep = increment;

/** What tfjs appends to the name of a layer's weight that is taken, as in `dense/kernel_1`, once for each time that a model is loaded. */
const suffixes = /(?<=\/[^/]+)(?:_[1-9]\d*)+$/;

/**
 * The key of all noise in one slot at one step: a function of the names and the step alone, so that a resumed run rounds as
 * one that was not interrupted, also where its variables have other suffixes.
 */
export function noiseKey(parameter: string, slot: string, step: number): number {
  // FNV-1a over the code units; a NUL is in no name.
  let hash = 0x811c9dc5;
  for (const text of [parameter.replace(suffixes, ''), '\0', slot]) {
    for (let index = 0; index < text.length; index++) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
  }
  return mixed(hash + Math.imul(step, increment));
}

/**
 * 16 random bits for an element, by its place in the flat tensor. Of each eight the first four have the upper halves of four mixed
 * counters, and the others the lower ones.
 */
export function noiseOf(key: number, element: number): number {
  const counter = 4 * Math.floor(element / 8) + (element % 4);
  const bits = mixed((Math.imul(counter, elementStep) + key) | 0);
  return element % 8 < 4 ? bits >>> 16 : bits & 0xffff;
}
