import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';
import type { Batch, BatchStream } from '../batches.ts';
import { checkInteger, checkKeys, describe } from '../option-checks.ts';
import { sequenceCount } from '../packing.ts';
import { type ValidationSequences, validationBatches } from '../validation-batches.ts';
import {
  INDEX_ROW_BYTES,
  readManifest,
  type ShardManifest,
  type SplitRecord,
  tokenBytes,
} from './manifest.ts';
import { keyedPermutation } from './permutation.ts';
import { createShardStream, type DataWorker } from './shard-stream.ts';
import { TokenWindows } from './token-windows.ts';
import { splitProblems } from './verify.ts';

/** What `openTokenShards` takes beside the folder. */
export interface TokenShardsOptions {
  /** Tokens a model reads at once; a sequence has one more. */
  readonly contextLength: number;
  /** Sequences in a training batch of this worker. */
  readonly batchSize: number;
  /** Decides the order of the training sequences: an integer of 0 or more. */
  readonly seed: number;
  /** Whether the order of the training sequences is a new one in each epoch, or that of the shards. Default true. */
  readonly shuffle?: boolean | undefined;
  /** This process among those that train side by side on the same data; alone by default. */
  readonly worker?: DataWorker | undefined;
}

/** Prepared tokens as batches. */
export interface TokenShards {
  readonly vocabularySize: number;
  /** Tokens of either side of the split, the `</s>` of each document included. */
  readonly tokenCounts: { readonly train: number; readonly validation: number };
  /** Training sequences of an epoch. */
  readonly sequenceCount: number;
  readonly train: BatchStream;
  /**
   * A training sequence of contextLength + 1 tokens, by its place in the shards.
   *
   * @throws RangeError if there is no such sequence
   */
  sequence(index: number): Int32Array;
  /**
   * The same validation sequences at every call, for every seed and every worker.
   *
   * @throws RangeError if there are fewer sequences than asked for
   */
  validation(options: { readonly sequences: number; readonly batchSize?: number }): Batch[];
  /** Closes the files. Nothing can be read afterwards. */
  close(): void;
}

const KNOWN = ['contextLength', 'batchSize', 'seed', 'shuffle', 'worker'];
const ALONE: DataWorker = { index: 0, count: 1 };

function checkShardOptions(options: TokenShardsOptions): void {
  checkKeys(options, KNOWN, 'openTokenShards');
  checkInteger(options.contextLength, 'contextLength', 1);
  checkInteger(options.batchSize, 'batchSize', 1);
  checkInteger(options.seed, 'seed', 0);
  const { shuffle = true, worker = ALONE } = options;
  if (typeof shuffle !== 'boolean') {
    throw new TypeError(`shuffle must be true or false, got ${describe(shuffle)}`);
  }
  checkKeys(worker, ['index', 'count'], 'worker');
  checkInteger(worker.count, 'worker.count', 1);
  checkInteger(worker.index, 'worker.index', 0);
  if (worker.index >= worker.count) {
    throw new RangeError(
      `worker.index must be below worker.count, got index ${worker.index} of ${worker.count}`,
    );
  }
}

/** @throws if a file is absent or has another size than the manifest says, or its counts contradict each other */
async function checkSizes(directory: string, manifest: ShardManifest): Promise<void> {
  const [wrong] = splitProblems(manifest);
  if (wrong !== undefined) throw new Error(`${join(directory, wrong.file)} ${wrong.problem}`);
  const bytesPerToken = tokenBytes(manifest);
  for (const { shards } of Object.values(manifest.splits)) {
    for (const { tokensFile, documentsFile, tokens, documents } of shards) {
      await checkSize(join(directory, tokensFile), tokens * bytesPerToken);
      await checkSize(join(directory, documentsFile), documents * INDEX_ROW_BYTES);
    }
  }
}

async function checkSize(path: string, expected: number): Promise<void> {
  const { size } = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`cannot read the token shard ${path}: ${cause.message}`, { cause });
  });
  if (size !== expected) {
    throw new Error(`${path} has ${size} bytes where the manifest says ${expected}: prepare the data again`);
  }
}

/** A name of the tokens of a split that equal tokens share. */
function identityOf({ tokenizer }: ShardManifest, { shards }: SplitRecord): string {
  const hash = createHash('sha256').update(tokenizer.hash);
  for (const { tokensSha256 } of shards) hash.update(tokensSha256);
  return hash.digest('hex');
}

/** Validation sequences in an order that no option changes: a sample of all of them however few are read. */
function validationOf(windows: TokenWindows, contextLength: number): ValidationSequences {
  const count = sequenceCount(windows.tokenCount, contextLength);
  const order = keyedPermutation(count, 'validation');
  return {
    contextLength,
    count,
    copy: (sequence, target, offset) =>
      windows.copy(order(sequence) * contextLength, contextLength + 1, target, offset),
    textBytes: (sequence) => windows.textBytes(order(sequence) * contextLength + 1, contextLength),
  };
}

/**
 * Opens a folder that `c4-data prepare` has written, as batches of tokens.
 *
 * The documents stand joined in the order of the shards, cut into sequences of contextLength + 1 tokens, contextLength
 * apart. Sequences are read from the files as batches ask for them, in an order that is computed: memory holds the list of
 * shards, 256 KB of checksums for each GB of them that was read, one sequence and the batch. Bytes are compared with their
 * checksums before they are first used: `next`, `sequence` and `validation` throw where they were damaged.
 *
 * @throws if an option is wrong, the folder holds no complete shards, or these are too few tokens for one sequence
 */
export async function openTokenShards(directory: string, options: TokenShardsOptions): Promise<TokenShards> {
  checkShardOptions(options);
  if (endianness() !== 'LE') throw new Error('token shards are little-endian, and this machine is not');
  const { contextLength, batchSize, seed, shuffle = true, worker = ALONE } = options;
  const manifest = await readManifest(directory);
  await checkSizes(directory, manifest);
  const { train, validation } = manifest.splits;
  const available = sequenceCount(train.tokens, contextLength);
  if (available === 0) {
    throw new RangeError(
      `contextLength ${contextLength} needs ${contextLength + 1} tokens for one sequence, but the training shards in ` +
        `${directory} have ${train.tokens}: use a smaller contextLength or more text`,
    );
  }
  const training = new TokenWindows(directory, manifest, 'train');
  const held = new TokenWindows(directory, manifest, 'validation');
  return {
    vocabularySize: manifest.tokenizer.vocabularySize,
    tokenCounts: { train: train.tokens, validation: validation.tokens },
    sequenceCount: available,
    train: createShardStream(training, identityOf(manifest, train), {
      contextLength,
      batchSize,
      seed,
      shuffle,
      worker,
    }),
    sequence(index) {
      if (!Number.isInteger(index) || index < 0 || index >= available) {
        throw new RangeError(`sequence must be an integer from 0 to ${available - 1}, got ${index}`);
      }
      const tokens = new Int32Array(contextLength + 1);
      training.copy(index * contextLength, contextLength + 1, tokens, 0);
      return tokens;
    },
    validation({ sequences, batchSize: rows = batchSize }) {
      checkInteger(rows, 'batchSize', 1);
      return validationBatches(validationOf(held, contextLength), sequences, rows);
    },
    close() {
      training.close();
      held.close();
    },
  };
}
