import { Heap } from './heap.ts';

/** Above every id, so that a pair of ids is one number. */
const PAIR_BASE = 2 ** 24;

/** Two ids as one number, ordered as the pairs are. */
export function pairKey(left: number, right: number): number {
  return left * PAIR_BASE + right;
}

/** Two neighbors that may merge. */
interface Candidate {
  readonly rank: number;
  /** Place of the left one, and what it was merged to when this was found. */
  readonly place: number;
  readonly left: number;
  readonly right: number;
}

/**
 * Byte-pair encoding: neighbors merge, those of the earliest learned merge first and of these the leftmost, until no merge is
 * left (Sennrich et al. 2016, arXiv:1508.07909, algorithm 1).
 */
export class BpeModel {
  private readonly ranks = new Map<number, number>();
  private readonly results: number[] = [];

  /** @param merges two ids and the id they become, in the order they were learned */
  constructor(merges: Iterable<readonly [left: number, right: number, result: number]>) {
    for (const [left, right, result] of merges) {
      this.ranks.set(pairKey(left, right), this.results.length);
      this.results.push(result);
    }
  }

  /** The ids that a list of ids merges to, which is overwritten. */
  merge(ids: number[]): number[] {
    const { ranks, results } = this;
    const count = ids.length;
    if (count < 2) return ids;
    const next = Int32Array.from({ length: count }, (_, place) => place + 1);
    const before = Int32Array.from({ length: count }, (_, place) => place - 1);
    const candidates = new Heap<Candidate>(
      (a, b) => a.rank < b.rank || (a.rank === b.rank && a.place < b.place),
    );
    const consider = (place: number) => {
      const other = next[place]!;
      if (place < 0 || other >= count) return;
      const [left, right] = [ids[place]!, ids[other]!];
      const rank = ranks.get(pairKey(left, right));
      if (rank !== undefined) candidates.push({ rank, place, left, right });
    };
    for (let place = 0; place + 1 < count; place += 1) consider(place);
    for (let found = candidates.pop(); found !== undefined; found = candidates.pop()) {
      const { rank, place, left, right } = found;
      const other = next[place]!;
      // What merged since then is marked by -1, or by another id.
      if (ids[place] !== left || other >= count || ids[other] !== right) continue;
      ids[place] = results[rank]!;
      ids[other] = -1;
      next[place] = next[other]!;
      if (next[place]! < count) before[next[place]!] = place;
      if (before[place]! >= 0) consider(before[place]!);
      consider(place);
    }
    return ids.filter((id) => id !== -1);
  }
}
