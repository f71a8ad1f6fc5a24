import { keyedPermutation } from '../permutation.ts';

/** Documents that are held at once to be shuffled. */
const blockDocuments = 16_384;

/** Some numbers in an order that a label decides; without a label as they are. */
export function ordered<T>(items: readonly T[], label: string | undefined): T[] {
  if (label === undefined) return [...items];
  const order = keyedPermutation(items.length, label);
  return items.map((_, index) => items[order(index)]!);
}

/**
 * Documents in the order of their source, or shuffled within blocks of 16,384 of them, which a label decides.
 *
 * @param most documents to read at most
 */
export async function* inOrder<T>(
  documents: AsyncIterable<T>,
  label: string | undefined,
  most: number,
): AsyncGenerator<T> {
  let block: T[] = [];
  let blocks = 0;
  let read = 0;
  if (most === 0) return;
  for await (const document of documents) {
    read += 1;
    if (label === undefined) yield document;
    else {
      block.push(document);
      if (block.length === blockDocuments) {
        yield* ordered(block, `${label} ${blocks}`);
        block = [];
        blocks += 1;
      }
    }
    if (read >= most) break;
  }
  if (label !== undefined) yield* ordered(block, `${label} ${blocks}`);
}
