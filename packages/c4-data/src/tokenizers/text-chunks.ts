/** UTF-16 units of text in a chunk at most, unless one document has more: enough to outweigh the cost of a message. */
const mostCharacters = 1 << 18;
const leastCharacters = 1 << 14;
/** Chunks for each worker where there is text enough, so that all end at about the same time. */
const chunksPerWorker = 4;

/** A range of documents that one message carries. */
export interface Chunk {
  readonly from: number;
  readonly to: number;
  /** UTF-16 units of its text. */
  readonly characters: number;
}

/** Cuts a list of documents into chunks of about the same size. */
export function cutIntoChunks(texts: readonly string[], workers: number): Chunk[] {
  const total = texts.reduce((sum, { length }) => sum + length, 0);
  const aim = Math.ceil(total / (workers * chunksPerWorker));
  const size = Math.min(Math.max(aim, leastCharacters), mostCharacters);
  const chunks: Chunk[] = [];
  let from = 0;
  let characters = 0;
  texts.forEach((text, index) => {
    characters += text.length;
    if (characters < size && index < texts.length - 1) return;
    chunks.push({ from, to: index + 1, characters });
    from = index + 1;
    characters = 0;
  });
  return chunks;
}

const encoder = new TextEncoder();

/** Writes the documents of a chunk into bytes of 3 * characters + documents or more, with one to spare after each. */
export function writeChunk(
  texts: readonly string[],
  { from, to }: Chunk,
  bytes: Uint8Array<ArrayBuffer>,
): Uint32Array<ArrayBuffer> {
  const ends = new Uint32Array(to - from);
  let start = 0;
  for (let index = from; index < to; index += 1) {
    const end = start + encoder.encodeInto(texts[index]!, bytes.subarray(start)).written;
    ends[index - from] = end;
    start = end + 1;
  }
  return ends;
}
