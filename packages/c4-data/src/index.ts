export type { Batch, BatchShape, BatchStream, DataPosition } from './batches.ts';
export type { TextSource } from './options.ts';
export { openTokenShards, type TokenShards, type TokenShardsOptions } from './shards/open-token-shards.ts';
export {
  type PreparationProgress,
  type PreparationResult,
  type PrepareOptions,
  prepareTokenShards,
} from './shards/prepare.ts';
export { type ShardProblem, type ShardVerification, verifyTokenShards } from './shards/verify.ts';
export { openTextData, type TextData, type TextDataOptions } from './text-data.ts';
export type { TokenizingProgress } from './token-store.ts';
export { loadTokenizer, type Tokenizer } from './tokenizers/tokenizer.ts';
