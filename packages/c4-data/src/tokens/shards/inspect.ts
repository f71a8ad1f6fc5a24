import { createHash, type Hash } from 'node:crypto';
import { keyedPermutation } from '../../permutation.ts';
import type { SplitName } from '../../sources/document-source.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { readManifest, type ShardManifest, type SplitRecord } from './manifest.ts';
import { loadPreparedTokenizer } from './prepared-tokenizer.ts';
import { readShardDocuments, readShardTokens } from './shard-files.ts';
import { ShardStore } from './shard-store.ts';

/** How long the documents of a split are, in tokens with `</s>`. */
export interface LengthDistribution {
  readonly mean: number;
  readonly shortest: number;
  /** At most so long are a tenth, half, nine tenths and 99 hundredths of the documents. */
  readonly quantiles: Readonly<Record<'0.1' | '0.5' | '0.9' | '0.99', number>>;
  readonly longest: number;
  /** Documents by length: from `from` to below `to` tokens, powers of two. */
  readonly bins: readonly { readonly from: number; readonly to: number; readonly documents: number }[];
}

/** How often an id occurs. */
export interface TokenFrequency {
  readonly id: number;
  /** Its text, as the tokenizer decodes it alone. */
  readonly text: string;
  readonly count: number;
}

/** What the shards of a split hold. */
export interface SplitInspection {
  readonly shards: number;
  readonly documents: number;
  readonly tokens: number;
  /** UTF-8 bytes of the text. */
  readonly bytes: number;
  /** Null without documents. */
  readonly lengths: LengthDistribution | null;
  /** Different ids that occur. */
  readonly differentTokens: number;
  readonly mostFrequent: readonly TokenFrequency[];
  /** The texts of some documents, decoded. */
  readonly sample: readonly string[];
}

const quantiles = ['0.1', '0.5', '0.9', '0.99'] as const;

/** What a folder of token shards holds. */
export interface ShardInspection
  extends Pick<ShardManifest, 'tokenizer' | 'seed' | 'source' | 'inputs' | 'malformedLines'> {
  readonly splits: Readonly<Record<SplitName, SplitInspection>>;
}

/**
 * Reads all shards of a folder and sums them up.
 *
 * @param options.mostFrequent how many of the most frequent tokens to name
 * @param options.sample how many documents to decode
 * @throws if a shard or the tokenizer is not as it was written
 */
export async function inspectTokenShards(
  directory: string,
  { mostFrequent = 20, sample = 1 }: { readonly mostFrequent?: number; readonly sample?: number } = {},
): Promise<ShardInspection> {
  const manifest = await readManifest(directory);
  const own = await loadPreparedTokenizer(directory);
  const inspect = (split: SplitName) =>
    inspectSplit(directory, manifest, split, own, { mostFrequent, sample });
  const { tokenizer, seed, source, inputs, malformedLines } = manifest;
  const splits = { train: await inspect('train'), validation: await inspect('validation') };
  return { tokenizer, seed, source, inputs, malformedLines, splits };
}

async function inspectSplit(
  directory: string,
  manifest: ShardManifest,
  splitName: SplitName,
  tokenizer: Tokenizer,
  { mostFrequent, sample }: { readonly mostFrequent: number; readonly sample: number },
): Promise<SplitInspection> {
  const { tokenType } = manifest;
  const split = manifest.splits[splitName];
  const counts = new Float64Array(manifest.tokenizer.vocabularySize);
  for (const shard of split.shards) {
    const hash = createHash('sha256');
    for await (const tokens of readShardTokens(directory, shard, tokenType, (bytes) => hash.update(bytes))) {
      for (let index = 0; index < tokens.length; index += 1) counts[tokens[index]!]! += 1;
    }
    requireHash(shard.tokensFile, hash, shard.tokensSha256);
  }
  const frequencies = Array.from(counts, (count, id) => ({ id, count })).filter(({ count }) => count > 0);
  frequencies.sort((a, b) => b.count - a.count || a.id - b.id);
  const { documents, tokens, bytes, shards } = split;
  return {
    shards: shards.length,
    documents,
    tokens,
    bytes,
    lengths: documents === 0 ? null : await lengthsOf(directory, split),
    differentTokens: frequencies.length,
    mostFrequent: frequencies
      .slice(0, mostFrequent)
      .map(({ id, count }) => ({ id, text: tokenizer.decode([id]), count })),
    sample: sampleOf(directory, manifest, splitName, tokenizer, sample),
  };
}

function requireHash(file: string, hash: Hash, expected: string): void {
  if (hash.digest('hex') === expected) return;
  throw new Error(`${file} is damaged: run "steepest data verify" on its folder`);
}

async function lengthsOf(
  directory: string,
  { shards, documents, tokens }: SplitRecord,
): Promise<LengthDistribution> {
  const byLength = new Map<number, number>();
  for (const shard of shards) {
    let last = 0;
    const hash = createHash('sha256');
    for await (const rows of readShardDocuments(directory, shard, (bytes) => hash.update(bytes))) {
      for (const { end } of rows) {
        byLength.set(end - last, (byLength.get(end - last) ?? 0) + 1);
        last = end;
      }
    }
    requireHash(shard.documentsFile, hash, shard.documentsSha256);
  }
  const sorted = [...byLength].sort(([a], [b]) => a - b);
  const quantile = (share: number): number => {
    let seen = 0;
    for (const [length, count] of sorted) {
      seen += count;
      if (seen >= share * documents) return length;
    }
    return sorted.at(-1)![0];
  };
  const bins: { from: number; to: number; documents: number }[] = [];
  for (const [length, count] of sorted) {
    while (bins.length === 0 || length >= bins.at(-1)!.to) {
      const from = bins.at(-1)?.to ?? 2 ** Math.floor(Math.log2(length));
      bins.push({ from, to: 2 * from, documents: 0 });
    }
    bins.at(-1)!.documents += count;
  }
  return {
    mean: tokens / documents,
    shortest: sorted[0]![0],
    quantiles: Object.fromEntries(
      quantiles.map((share) => [share, quantile(Number(share))]),
    ) as LengthDistribution['quantiles'],
    longest: sorted.at(-1)![0],
    bins,
  };
}

/** The texts of documents from all over the shards, the same ones each time. */
function sampleOf(
  directory: string,
  manifest: ShardManifest,
  splitName: SplitName,
  tokenizer: Tokenizer,
  count: number,
): string[] {
  const { documents } = manifest.splits[splitName];
  const store = new ShardStore(directory, manifest, splitName);
  try {
    const order = keyedPermutation(documents, 'sample');
    return Array.from({ length: Math.min(count, documents) }, (_, index) => {
      const document = order(index);
      const tokens = new Int32Array(store.documentTokens(document));
      store.copy(document, 0, tokens.length, tokens, 0);
      return tokenizer.decode(tokens);
    });
  } finally {
    store.close();
  }
}
