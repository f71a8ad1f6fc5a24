// The parts below hold a loop so that the compiler keeps them out of the loops that call them: with their few lanes
// written out it would put a copy at every call.

function loadPart(x: usize, size: i32, padding: f32): v128 {
  let four = f32x4.splat(padding);
  while (size > 0) {
    size--;
    four = v128.shuffle<f32>(four, four, 0, 0, 1, 2);
    four = v128.load_lane<f32>(x + (<usize>size << 2), four, 0);
  }
  return four;
}

function storePart(target: usize, four: v128, size: i32): void {
  for (; size > 0; size--) {
    v128.store_lane<f32>(target, four, 0);
    four = v128.shuffle<f32>(four, four, 1, 2, 3, 3);
    target += 4;
  }
}

/** Four floats from x on; past `size` of them (none for 0 and less), `padding`. */
// @ts-ignore: decorator
@inline
export function loadUpToFour(x: usize, size: i32, padding: f32 = 0): v128 {
  return size >= 4 ? v128.load(x) : loadPart(x, size, padding);
}

/** Writes the first `size` of four floats, all of them from 4 on, none for 0 and less. */
// @ts-ignore: decorator
@inline
export function storeUpToFour(target: usize, four: v128, size: i32): void {
  if (size >= 4) v128.store(target, four);
  else storePart(target, four, size);
}

/** The first `size` of four floats, and zeros. */
// @ts-ignore: decorator
@inline
export function keepUpToFour(four: v128, size: i32): v128 {
  return v128.and(four, i32x4.gt_s(i32x4.splat(size), i32x4(0, 1, 2, 3)));
}

/** The sum of four floats, always in the same order. */
// @ts-ignore: decorator
@inline
export function sumOfFour(four: v128): f32 {
  const pairs = f32x4.add(four, v128.shuffle<f32>(four, four, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** The largest of four floats. */
// @ts-ignore: decorator
@inline
export function largestOfFour(four: v128): f32 {
  const pairs = f32x4.pmax(four, v128.shuffle<f32>(four, four, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(pairs, v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2)), 0);
}
