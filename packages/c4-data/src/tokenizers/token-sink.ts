/** Token ids that grow as they are found. */
export class TokenSink {
  tokens = new Int32Array(1 << 12);
  length = 0;

  /** Makes room for some more ids. */
  reserve(count: number): void {
    if (this.length + count <= this.tokens.length) return;
    const larger = new Int32Array(Math.max(2 * this.tokens.length, this.length + count));
    larger.set(this.tokens.subarray(0, this.length));
    this.tokens = larger;
  }

  push(id: number): void {
    this.reserve(1);
    this.tokens[this.length++] = id;
  }

  /** The ids as an ordinary array. */
  toArray(): number[] {
    const ids = new Array<number>(this.length);
    for (let index = 0; index < this.length; index += 1) ids[index] = this.tokens[index]!;
    return ids;
  }
}
