import type { DocumentShard, MalformedLine } from '../sources/document-source.ts';
import { malformedLineError } from '../sources/malformed.ts';
import { bytesPerToken } from '../tokenizers/encoded-documents.ts';
import { createInlinePool } from '../tokenizers/inline-pool.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { DocumentReader } from './document-reader.ts';
import { divide, encodeBatches } from './encode-batches.ts';
import { TokenBuffer, type TokenizedDocuments } from './memory-store.ts';
import type { SplitName } from './token-store.ts';

/** Tokenized documents, and the lines of their source that held none. */
export interface ReadTokens extends TokenizedDocuments {
  readonly malformed: readonly MalformedLine[];
}

/** How far the tokenizing of a source is. */
export interface TokenizingProgress {
  readonly phase: 'tokenizing';
  readonly documents: number;
  readonly tokens: number;
  readonly seconds: number;
}

/** Tokenizes some shards, or takes their tokens from elsewhere. `identity` changes when the text does. */
export type TokenReader = (
  identity: string,
  name: string,
  tokenize: () => Promise<ReadTokens>,
) => Promise<ReadTokens>;

/** What watches the tokenizing of a source. */
export interface TokenizingObserver {
  readonly onProgress?: ((progress: TokenizingProgress) => void) | undefined;
  /** Whether lines that hold no document are gathered, or are errors. */
  readonly gatherMalformed: boolean;
}

/**
 * Tokenizes shards into memory. Documents without a token are left out.
 *
 * @throws if the shards have no document with a token, or on a malformed line that is not gathered
 */
export async function tokenizeShards(
  shards: readonly DocumentShard[],
  split: SplitName,
  tokenizer: Tokenizer,
  { onProgress, gatherMalformed }: TokenizingObserver,
): Promise<ReadTokens> {
  const started = performance.now();
  const malformed: MalformedLine[] = [];
  const all = Number.POSITIVE_INFINITY;
  const reader = new DocumentReader(
    shards.map((shard) => ({ split, shard })),
    { inputs: 0, documents: 0, earlier: { train: 0, validation: 0 } },
    {
      seed: null,
      most: { train: all, validation: all },
      onMalformed: gatherMalformed ? (problem) => malformed.push(problem) : null,
    },
  );
  const written = new TokenBuffer(bytesPerToken(tokenizer.vocabularySize));
  for await (const { batch, encoded } of encodeBatches(reader.batches(), createInlinePool(tokenizer), {
    ahead: 0,
  })) {
    for (const { run } of divide(batch.texts, encoded, () => split).runs) {
      written.append(run.tokens, run.lengths, run.bytes);
    }
    onProgress?.({
      phase: 'tokenizing',
      documents: written.documentCount,
      tokens: written.tokenCount,
      seconds: (performance.now() - started) / 1000,
    });
  }
  const [first] = malformed;
  if (written.documentCount === 0) {
    const reason =
      first === undefined ? '' : `; the first malformed line is ${malformedLineError(first).message}`;
    throw new Error(`${nameOf(shards)} has no text: not one document gives a token${reason}`);
  }
  return { ...written.finish(), malformed };
}

const NAMES_IN_MESSAGE = 3;

/** What messages call some shards. */
export function nameOf(shards: readonly DocumentShard[]): string {
  const names = shards.slice(0, NAMES_IN_MESSAGE).map(({ name }) => name);
  const more = shards.length - names.length;
  return names.length === 0 ? 'the source' : names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
