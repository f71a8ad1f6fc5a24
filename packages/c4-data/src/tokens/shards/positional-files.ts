import { closeSync, openSync, readSync } from 'node:fs';

/** Files of one folder that are read at any place, of which only some are open at a time. */
export class PositionalFiles {
  /** Descriptors by path, the least recently used first. */
  private readonly open = new Map<string, number>();
  private closed = false;

  constructor(private readonly mostOpen = 256) {}

  /**
   * Fills bytes of a view from a place in a file on.
   *
   * @throws if the file cannot be read or ends before
   */
  read(path: string, position: number, target: NodeJS.ArrayBufferView, offset: number, length: number): void {
    const file = this.descriptor(path);
    let done = 0;
    while (done < length) {
      const read = readSync(file, target, offset + done, length - done, position + done);
      if (read === 0) {
        throw new Error(
          `${path} ends before byte ${position + length}: run "steepest data verify" on its folder`,
        );
      }
      done += read;
    }
  }

  close(): void {
    this.closed = true;
    for (const file of this.open.values()) closeSync(file);
    this.open.clear();
  }

  private descriptor(path: string): number {
    const known = this.open.get(path);
    // While none has to close, their order does not matter.
    if (known !== undefined && this.open.size < this.mostOpen) return known;
    if (this.closed) throw new Error(`the token shards are closed: ${path} is no longer read`);
    let file = known;
    if (file === undefined) {
      if (this.open.size >= this.mostOpen) this.closeOldest();
      file = openSync(path, 'r');
    }
    // Set anew, it becomes the most recently used.
    this.open.delete(path);
    this.open.set(path, file);
    return file;
  }

  private closeOldest(): void {
    const [path, file] = this.open.entries().next().value!;
    closeSync(file);
    this.open.delete(path);
  }
}
