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
export type {
  DocumentShard,
  DocumentSource,
  MalformedLine,
  OpenShardOptions,
} from './sources/document-source.ts';
export type { SkippedFile } from './sources/files/list-files.ts';
export { type C4HubOptions, type C4Variant, openC4Hub, type ShardChoice } from './sources/hub/c4-hub.ts';
export type { HubOptions, HubProgress, RetryOptions } from './sources/hub/settings.ts';
export { openTextData, type TextData, type TextDataOptions } from './text-data.ts';
export type { TokenizingProgress } from './token-store.ts';
export {
  createTokenizerPool,
  type EncodedDocuments,
  type TokenizerPool,
  type TokenizerPoolOptions,
} from './tokenizers/pool.ts';
export type { Pruning } from './tokenizers/pruning.ts';
export {
  type LoadTokenizerOptions,
  loadTokenizer,
  type Tokenizer,
  type TokenizerChoice,
} from './tokenizers/tokenizer.ts';
