// @ts-ignore: decorator
@inline
function copyWords(source: usize, target: usize, words: i32): void {
  for (; words >= 4; words -= 4) {
    v128.store(target, v128.load(source));
    source += 16;
    target += 16;
  }
  for (; words > 0; words--) {
    store<i32>(target, load<i32>(source));
    source += 4;
    target += 4;
  }
}

/** Copies `rows` rows of four-byte words between places whose rows lie the given numbers of bytes apart. */
export function copyRows(
  source: usize, sourceStep: usize, target: usize, targetStep: usize, rows: i32, words: i32,
): void {
  for (; rows > 0; rows--) {
    copyWords(source, target, words);
    source += sourceStep;
    target += targetStep;
  }
}

/** The first i whose id is not in [0, length), or -1. */
export function firstOutside(ids: usize, count: i32, length: i32): i32 {
  for (let i = 0; i < count; i++) {
    if (load<u32>(ids + (<usize>i << 2)) >= <u32>length) return i;
  }
  return -1;
}

/**
 * target[o, i] = x[o, ids[i]] for slices of `words` words, `length` of them for each o, whose results begin `targetStep`
 * bytes apart. Every id must be in [0, length).
 */
export function gather(
  x: usize, ids: usize, target: usize, targetStep: usize, outer: i32, length: i32, count: i32, words: i32,
): void {
  const slice = <usize>words << 2;
  for (; outer > 0; outer--) {
    for (let i = 0; i < count; i++) {
      copyWords(x + <usize>load<u32>(ids + (<usize>i << 2)) * slice, target + <usize>i * slice, words);
    }
    x += <usize>length * slice;
    target += targetStep;
  }
}
