import { createHasher } from '#platform';

/** Below this length a rectangle has so few rows and columns that a hash of one says little: it takes more rounds. */
const shortLength = 4096;

/** A number below `below` from a number and a key: the multiplications and shifts of MurmurHash3's finalizer. */
function mix(value: number, key: number, below: number): number {
  let hash = value ^ key;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash = (hash ^ (hash >>> 16)) >>> 0;
  // The upper bits of hash * below / 2^32: cheaper than a remainder.
  return Math.floor(hash * 2 ** -32 * below);
}

/**
 * A permutation of 0..length-1 as a pure function of a label, computed number by number in constant memory.
 *
 * The numbers are laid out in a rectangle of rows x columns, the smallest near a square that holds them. Each round adds to
 * the row a keyed hash of the column, then to the column a hash of the row, which is undone by subtracting and so
 * maps the rectangle to itself; a number that falls outside the length is mapped again until it falls inside: the
 * generalized Feistel cipher of Black and Rogaway 2002, "Ciphers with Arbitrary Finite Domains". It takes at most
 * 1 + 1/sqrt(length) turns on average, and arithmetic that IEEE 754 fixes to the last bit, so every machine gives the same.
 *
 * @param length at most 2^53 - 1
 */
export function keyedPermutation(length: number, label: string): (index: number) => number {
  const rows = Math.ceil(Math.sqrt(length));
  const columns = Math.ceil(length / rows);
  const digest = createHasher('sha512').update(label).digest();
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  const rounds = length < shortLength ? 16 : 8;
  const keys = Int32Array.from({ length: rounds }, (_, round) => view.getInt32(4 * round, true));

  const turn = (index: number): number => {
    let row = Math.floor(index / columns);
    let column = index - row * columns;
    for (let round = 0; round < rounds; round += 2) {
      row += mix(column, keys[round]!, rows);
      if (row >= rows) row -= rows;
      column += mix(row, keys[round + 1]!, columns);
      if (column >= columns) column -= columns;
    }
    return row * columns + column;
  };

  return (index) => {
    let place = turn(index);
    while (place >= length) place = turn(place);
    return place;
  };
}
