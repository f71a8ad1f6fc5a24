import { codeFinder, type DynamicMap } from './dynamic-map.ts';

/** Consecutive elements that share a scale, as in bitsandbytes. */
export const blockSize = 256;

/** Blocks of a number of elements. */
export function blocksIn(elements: number): number {
  return Math.ceil(elements / blockSize);
}

/** Numbers as codes of a map, in blocks of {@link blockSize} with the largest magnitude of each. */
export interface BlockCodes<Scales = Float32Array> {
  readonly codes: Uint8Array;
  readonly absmax: Scales;
}

/**
 * Rounds numbers block by block: each is divided by the largest magnitude of its block, and becomes the code of the nearest value.
 * Float32 in float32 arithmetic, float64 in float64. A block that holds NaN or an infinity is NaN as a whole afterwards.
 */
export function toBlockCodes<Values extends Float32Array | Float64Array>(
  values: Values,
  map: DynamicMap,
): BlockCodes<Values> {
  const round = values.BYTES_PER_ELEMENT === 4 ? Math.fround : (x: number) => x;
  const codeOf = codeFinder(map);
  const codes = new Uint8Array(values.length);
  const blocks = blocksIn(values.length);
  const absmax = (
    values.BYTES_PER_ELEMENT === 4 ? new Float32Array(blocks) : new Float64Array(blocks)
  ) as Values;
  for (let block = 0; block < blocks; block++) {
    const end = Math.min((block + 1) * blockSize, values.length);
    let largest = 0;
    for (let i = block * blockSize; i < end; i++) largest = Math.max(largest, Math.abs(values[i]!));
    absmax[block] = largest;
    for (let i = block * blockSize; i < end; i++) codes[i] = codeOf(round(values[i]! / largest));
  }
  return { codes, absmax };
}

/** The numbers that block codes are, in an array like their scales. */
export function fromBlockCodes<Values extends Float32Array | Float64Array>(
  { codes, absmax }: BlockCodes<Values>,
  { values }: DynamicMap,
): Values {
  const numbers = (
    absmax.BYTES_PER_ELEMENT === 4 ? new Float32Array(codes.length) : new Float64Array(codes.length)
  ) as Values;
  for (const [block, scale] of absmax.entries()) {
    const end = Math.min((block + 1) * blockSize, codes.length);
    for (let i = block * blockSize; i < end; i++) numbers[i] = values[codes[i]!]! * scale;
  }
  return numbers;
}
