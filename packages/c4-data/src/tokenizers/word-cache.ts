/** Words longer than this are encoded anew each time: they rarely return. */
export const longestCachedWord = 64;
/** Words that are kept: a bound on memory (about 30 MB) far above the different words of ordinary text. */
const mostWords = 1 << 19;
/** Numbers in a slot: hash, start of the key, its length with the number of ids (0: free), start of the ids. */
const slotNumbers = 4;

export const hashSeed = 0x811c_9dc5;

/** The ids of words by their bytes: open addressing in typed arrays, without a string for any word. */
export class WordCache {
  private slots = new Int32Array(slotNumbers << 12);
  private mask = (1 << 12) - 1;
  private words = 0;
  private keys = new Uint8Array(1 << 15);
  private keysUsed = 0;
  /** The ids of all words; those of a slot start where `idsAt` says. */
  ids = new Int32Array(1 << 14);
  private idsUsed = 0;

  /** The slot of the word bytes[start, end), or of the free place for it. */
  find(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const { slots, keys, mask } = this;
    const length = end - start;
    let index = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const slot = index * slotNumbers;
      const sizes = slots[slot + 2]!;
      if (sizes === 0) return slot;
      if (slots[slot] === hash && sizes >>> 16 === length) {
        let key = slots[slot + 1]!;
        let position = start;
        while (position < end && keys[key] === bytes[position]) {
          key += 1;
          position += 1;
        }
        if (position === end) return slot;
      }
      index = (index + 1) & mask;
    }
  }

  /** How many ids the word in a slot has, plus one; 0 where the slot is free. */
  countAt(slot: number): number {
    return this.slots[slot + 2]! & 0xffff;
  }

  idsAt(slot: number): number {
    return this.slots[slot + 3]!;
  }

  /** Keeps ids[from, to) as those of a word that `find` gave a free slot. */
  add(
    slot: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    hash: number,
    ids: Int32Array,
    from: number,
    to: number,
  ): void {
    if (this.words === mostWords) {
      this.clear();
      slot = this.find(bytes, start, end, hash);
    }
    if (this.keysUsed + end - start > this.keys.length) {
      const larger = new Uint8Array(2 * this.keys.length);
      larger.set(this.keys);
      this.keys = larger;
    }
    if (this.idsUsed + to - from > this.ids.length) {
      const larger = new Int32Array(2 * this.ids.length);
      larger.set(this.ids);
      this.ids = larger;
    }
    const { slots } = this;
    slots[slot] = hash;
    slots[slot + 1] = this.keysUsed;
    slots[slot + 2] = ((end - start) << 16) | (to - from + 1);
    slots[slot + 3] = this.idsUsed;
    for (let index = start; index < end; index += 1) this.keys[this.keysUsed++] = bytes[index]!;
    for (let index = from; index < to; index += 1) this.ids[this.idsUsed++] = ids[index]!;
    this.words += 1;
    if (2 * this.words > this.mask) this.grow();
  }

  private clear(): void {
    this.slots.fill(0);
    this.words = 0;
    this.keysUsed = 0;
    this.idsUsed = 0;
  }

  private grow(): void {
    const old = this.slots;
    this.mask = 2 * this.mask + 1;
    this.slots = new Int32Array(2 * old.length);
    for (let from = 0; from < old.length; from += slotNumbers) {
      if (old[from + 2] === 0) continue;
      const hash = old[from]!;
      let index = (hash ^ (hash >>> 15)) & this.mask;
      while (this.slots[index * slotNumbers + 2] !== 0) index = (index + 1) & this.mask;
      this.slots.set(old.subarray(from, from + slotNumbers), index * slotNumbers);
    }
  }
}
