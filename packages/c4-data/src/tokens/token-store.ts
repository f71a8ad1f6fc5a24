export type { SplitName } from '../sources/document-source.ts';

/** The tokenized documents of one side of a split, each ended by `</s>`: in memory, or in the files of token shards. */
export interface TokenStore {
  /** Names the tokens: equal tokens have equal names. */
  readonly identity: string;
  readonly documentCount: number;
  readonly tokenCount: number;
  /** Tokens of a document, its `</s>` included: 2 or more. */
  documentTokens(document: number): number;
  /** UTF-8 bytes of the text of a document. */
  documentBytes(document: number): number;
  /** Copies `count` tokens of a document, from its token `from` on, to `target` from `offset` on. */
  copy(document: number, from: number, count: number, target: Int32Array, offset: number): void;
  /** The document that holds a token of all documents joined as stored, and the place of the token in it. */
  locate(token: number): { readonly document: number; readonly offset: number };
  /** Closes its files. Nothing can be copied afterwards. */
  close(): void;
}

/** The first number from 0 to `last` that a condition holds for, given that it holds for all after it, too. */
export function firstWhere(last: number, holds: (index: number) => boolean): number {
  let low = 0;
  while (low < last) {
    const middle = Math.floor((low + last) / 2);
    if (holds(middle)) last = middle;
    else low = middle + 1;
  }
  return low;
}

/** Share of the documents that become validation documents where nothing else is said. */
export const defaultValidationFraction = 0.05;

/**
 * Whether document `index` is for validation: every (1/fraction)-th one, the last of each run.
 *
 * 0.1 takes the indices 9, 19, 29, ...
 */
export function isValidationDocument(index: number, fraction: number): boolean {
  return Math.floor((index + 1) * fraction + 1e-9) > Math.floor(index * fraction + 1e-9);
}
