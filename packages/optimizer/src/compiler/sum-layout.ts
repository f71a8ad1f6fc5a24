/** Invocations of a workgroup that takes sums. */
const groupSize = 256;
/** Workgroups that keep a device busy. */
const busyGroups = 1024;
/** Terms that an invocation adds up at least, where a sum is cut into parts. */
const leastTerms = 8;
/** Neighboring sums that one read of memory should serve. */
const neighbors = 32;

/** How the invocations of a dispatch share the terms of some sums; a matter of their numbers alone, so that equal inputs give equal bits. */
export class SumLayout {
  private constructor(
    readonly sums: number,
    readonly terms: number,
    /** Parts of a sum, each of one workgroup. */
    readonly parts: number,
    /** Invocations of a workgroup that share a part: a power of two. */
    readonly lanes: number,
    /** Invocations from one lane of a sum to the next. */
    readonly laneStride: number,
    /** Invocations from a sum to the next. */
    readonly sumStride: number,
  ) {}

  /** @param termsAreNeighbors Whether consecutive terms of a sum are neighbors in memory, and not consecutive sums. */
  static of(sums: number, terms: number, termsAreNeighbors: boolean): SumLayout {
    const most = powerOfTwo(terms);
    const lanes = termsAreNeighbors
      ? most
      : Math.min(most, groupSize / Math.min(neighbors, powerOfTwo(sums)));
    const sumGroups = Math.ceil(sums / (groupSize / lanes));
    const parts = Math.min(Math.floor(terms / (lanes * leastTerms)), Math.ceil(busyGroups / sumGroups));
    return termsAreNeighbors
      ? new SumLayout(sums, terms, Math.max(1, parts), lanes, 1, lanes)
      : new SumLayout(sums, terms, Math.max(1, parts), lanes, groupSize / lanes, 1);
  }

  /** The layout that adds up the parts of another. */
  static ofParts({ sums, parts }: SumLayout): SumLayout {
    const lanes = Math.min(powerOfTwo(parts), groupSize / Math.min(neighbors, powerOfTwo(sums)));
    return new SumLayout(sums, parts, 1, lanes, groupSize / lanes, 1);
  }

  /** Workgroups that serve all sums once. */
  get sumGroups(): number {
    return Math.ceil(this.sums / (groupSize / this.lanes));
  }

  /** Words of memory for the parts: two numbers of each. */
  get words(): number {
    return this.parts > 1 ? 2 * this.sums * this.parts : 0;
  }

  /** Workgroups of the dispatch. */
  get groups(): number {
    return this.sumGroups * this.parts;
  }
}

/** The power of two at or above a number, at most the size of a workgroup. */
function powerOfTwo(number: number): number {
  return Math.min(groupSize, 2 ** Math.ceil(Math.log2(number)));
}
