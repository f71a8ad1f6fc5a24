/** A table of 256 values in [-1, 1], to which 8-bit states are rounded. */
export interface DynamicMap {
  /** The value of each code, ascending. */
  readonly values: Float32Array;
  /** The largest number that each code stands for: halfway to the next value; infinity for the last code. */
  readonly boundaries: Float32Array;
  /** The code of 0. */
  readonly zero: number;
}

const decades = 7;

/** `torch.linspace(0.1, 1, parts + 1)` in float32, which steps from both ends. */
function linspace(parts: number): Float32Array {
  const start = Math.fround(0.1);
  const step = Math.fround((1 - start) / parts);
  const middle = Math.floor((parts + 1) / 2);
  return Float32Array.from({ length: parts + 1 }, (_, index) =>
    index < middle ? start + step * index : 1 - step * (parts - index),
  );
}

/**
 * The map of "dynamic tree quantization": decade i of 7, from 1e-6 up to 1, has the midpoints of `2 ** i` equal parts of [0.1, 1], and
 * of twice as many where there are no negative values; then 0 and 1. There is no -1.
 *
 * Dettmers et al. 2022, 8-bit Optimizers via Block-wise Quantization, arXiv 2110.02861, section 1.3, in the float32 arithmetic of
 * `create_dynamic_map` in bitsandbytes.
 */
function dynamicMap(isSigned: boolean): DynamicMap {
  const values = [0, 1];
  for (let decade = 0; decade < decades; decade++) {
    const ends = linspace(2 ** decade * (isSigned ? 1 : 2));
    const scale = Math.fround(10 ** (decade - (decades - 1)));
    for (let part = 0; part + 1 < ends.length; part++) {
      const midpoint = Math.fround(ends[part]! + ends[part + 1]!) / 2;
      const value = Math.fround(scale * midpoint);
      values.push(value, ...(isSigned ? [-value] : []));
    }
  }
  const sorted = Float32Array.from(values).sort();
  const boundaries = sorted.map((value, code) => {
    const next = sorted[code + 1];
    return next === undefined ? Infinity : (value + next) / 2;
  });
  return { values: sorted, boundaries, zero: sorted.indexOf(0) };
}

/** The maps of states that may be negative, and of those that never are. */
export const dynamicMaps = { signed: dynamicMap(true), unsigned: dynamicMap(false) } as const;

/** The code whose value is nearest to a number, the lower one halfway between two; that of 0 for NaN. */
export function codeOf({ boundaries, zero }: DynamicMap, x: number): number {
  if (Number.isNaN(x)) return zero;
  let code = 0;
  for (let step = 128; step >= 1; step /= 2) if (x > boundaries[code + step - 1]!) code += step;
  return code;
}

/** A float32 that a number is rounded to, and its bits. */
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** {@link codeOf} of many numbers: a table of the upper halves of float32 numbers leaves one comparison or two of eight. */
export function codeFinder(map: DynamicMap): (x: number) => number {
  const { boundaries } = map;
  const codes = codesByHalf(map);
  return (x) => {
    float[0] = x;
    let code = codes[bits[0]! >>> 16]!;
    while (x > boundaries[code]!) code += 1;
    // A float64 may have been rounded up to a larger half.
    while (code > 0 && x <= boundaries[code - 1]!) code -= 1;
    return code;
  };
}

const tables = new WeakMap<DynamicMap, Uint8Array>();

/** The code of the lowest number with each upper half. */
function codesByHalf(map: DynamicMap): Uint8Array {
  let table = tables.get(map);
  if (table === undefined) {
    table = Uint8Array.from({ length: 2 ** 16 }, (_, half) => codeOf(map, lowestOf(half)));
    tables.set(map, table);
  }
  return table;
}

/** The lowest float32 with this upper half. Of negative numbers it has the largest bits. */
export function lowestOf(half: number): number {
  bits[0] = (half << 16) | (half < 0x8000 ? 0 : 0xffff);
  return float[0]!;
}
