const FREE = -1;

const encoder = new TextEncoder();

/** The UTF-8 of a text as one character per byte. */
function byteString(text: string): string {
  let bytes = '';
  for (const byte of encoder.encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

/**
 * The pieces of a vocabulary by the bytes of their UTF-8, as a double array (Aoe 1989, IEEE Transactions on Software
 * Engineering 15(9)): from `node`, `byte` leads to `base[node] + byte` if that has `node` as its parent.
 */
export class PieceTrie {
  base = new Int32Array(1 << 12);
  parent = new Int32Array(1 << 12).fill(FREE);
  /** The piece that ends at a node, or -1. */
  piece = new Int32Array(1 << 12).fill(-1);
  /** Places below 256 stay free, so that no base is negative. */
  private firstFree = 256;
  private frontier = 256;

  /** Of equal pieces the last counts. The root is node 0. */
  constructor(pieces: readonly string[]) {
    // Strings of one character per byte sort and compare faster than arrays.
    const ids = new Map(pieces.map((piece, id) => [byteString(piece), id]));
    ids.delete('');
    const keys = [...ids.keys()].sort();
    this.parent[0] = 0;
    let level = [{ node: 0, from: 0, to: keys.length }];
    for (let depth = 0; level.length > 0; depth += 1) {
      level = level.flatMap(({ node, from, to }) => this.addChildren(keys, ids, node, from, to, depth));
    }
  }

  /** Places the children of a node, whose keys are keys[from, to) and agree in their first `depth` bytes. */
  private addChildren(
    keys: readonly string[],
    ids: ReadonlyMap<string, number>,
    node: number,
    from: number,
    to: number,
    depth: number,
  ) {
    const groups: { byte: number; from: number; to: number }[] = [];
    for (let index = from; index < to; index += 1) {
      const byte = keys[index]!.charCodeAt(depth);
      const last = groups.at(-1);
      if (last?.byte === byte) last.to = index + 1;
      else groups.push({ byte, from: index, to: index + 1 });
    }
    const base = this.findBase(groups.map(({ byte }) => byte));
    this.base[node] = base;
    return groups.flatMap((group) => {
      const child = base + group.byte;
      this.parent[child] = node;
      // The shortest key of a group is its first.
      const ends = keys[group.from]!.length === depth + 1;
      if (ends) this.piece[child] = ids.get(keys[group.from]!)!;
      const rest = group.from + (ends ? 1 : 0);
      return rest < group.to ? [{ node: child, from: rest, to: group.to }] : [];
    });
  }

  /**
   * A base from which all bytes lead to free places. Nodes with one child, which most are, fill the first gap; the others
   * go on where the last of them was placed, so that they do not try every gap again.
   */
  private findBase(bytes: readonly number[]): number {
    while (this.parent[this.firstFree] !== FREE) this.firstFree += 1;
    let place = bytes.length === 1 ? this.firstFree : Math.max(this.frontier, this.firstFree);
    for (; ; place += 1) {
      const base = place - bytes[0]!;
      while (base + 256 > this.parent.length) this.grow();
      if (!bytes.every((byte) => this.parent[base + byte] === FREE)) continue;
      if (bytes.length > 1) this.frontier = place;
      return base;
    }
  }

  private grow(): void {
    const enlarge = (old: Int32Array<ArrayBuffer>, fill: number): Int32Array<ArrayBuffer> => {
      const larger = new Int32Array(2 * old.length).fill(fill, old.length);
      larger.set(old);
      return larger;
    };
    this.base = enlarge(this.base, 0);
    this.parent = enlarge(this.parent, FREE);
    this.piece = enlarge(this.piece, -1);
  }
}
