import { createHasher } from '#platform';
import type { TokenStore } from '../tokens/token-store.ts';

/** The position of a stream of batches: small JSON from which `seek` resumes exactly. */
export interface DataPosition {
  readonly schemaVersion: 3;
  /** Passes over the training documents that are complete. */
  readonly epoch: number;
  /** The token of this epoch with which the next sequence begins, whatever the lengths of those before it. */
  readonly token: number;
  /** How many documents of this epoch come before the one that the token is in. */
  readonly document: number;
  /** Tokens of that document before it; all of them where the next sequence begins with the next document. */
  readonly offset: number;
  /** Names the tokens, the split and the seed that give the position its meaning. */
  readonly fingerprint: string;
}

/** A position as it was written before it named a document. */
interface TokenPosition {
  readonly schemaVersion: 2;
  readonly epoch: number;
  readonly token: number;
  readonly fingerprint: string;
}

/** A position as it was written before one stream could give sequences of several lengths. */
interface SequencePosition {
  readonly schemaVersion: 1;
  readonly epoch: number;
  /** Sequences already given in this epoch. */
  readonly sequence: number;
  /** Of the context length as well. */
  readonly fingerprint: string;
}

/** A position of any version. */
export type SavedPosition = DataPosition | TokenPosition | SequencePosition;

/** Names the documents of a store and the settings of a stream. */
export function fingerprintOf(store: TokenStore, settings: readonly number[]): string {
  const content = JSON.stringify([store.identity, store.documentCount, store.tokenCount, ...settings]);
  return createHasher('sha256').update(content).hex().slice(0, 16);
}

/**
 * The epoch and token of a saved position of this stream, and the place where that names one.
 *
 * @param settings of the stream
 * @throws if the position is malformed, outside of every epoch, or was taken on other data, split or seed
 */
export function readPosition(
  position: SavedPosition,
  store: TokenStore,
  settings: readonly number[],
  contextLength: number,
): { readonly epoch: number; readonly token: number; readonly place?: { document: number; offset: number } } {
  const version = position?.schemaVersion;
  if (version !== 1 && version !== 2 && version !== 3) {
    throw new TypeError(
      `expected a data position with schemaVersion 3, 2 or 1, got ${JSON.stringify(position)}`,
    );
  }
  const expected = fingerprintOf(store, version === 1 ? [contextLength, ...settings] : settings);
  if (position.fingerprint !== expected) {
    throw new Error(
      'the data position belongs to other data: the tokens, the validation split or the seed differ, in a position of ' +
        'schemaVersion 1 the contextLength, or it was taken on prepared shards when these shuffled sequences ' +
        `(fingerprint ${position.fingerprint}, here ${expected})`,
    );
  }
  const { epoch } = position;
  const token = version === 1 ? position.sequence * contextLength : position.token;
  check('epoch', epoch, Number.MAX_SAFE_INTEGER);
  check('token', token, store.tokenCount - 1);
  if (version !== 3) return { epoch, token };
  const { document, offset } = position;
  check('document', document, store.documentCount - 1);
  // A document has two tokens at least.
  check('offset', offset, token - 2 * document);
  return { epoch, token, place: { document, offset } };
}

function check(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new RangeError(`a data position needs a whole number from 0 to ${most} as its ${name}, got ${value}`);
}
