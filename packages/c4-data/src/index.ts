export { type NgramBaselines, type NgramOptions, ngramBaselines } from './baselines.ts';
export type { Batch, BatchShape } from './batches/batch.ts';
export type { BatchStream, DataWorker } from './batches/batch-stream.ts';
export type { DataPosition } from './batches/data-position.ts';
export { openTextData, type TextDataOptions, type TextSource } from './open-text-data.ts';
export type {
  DocumentShard,
  DocumentSource,
  MalformedLine,
  OpenShardOptions,
} from './sources/document-source.ts';
export type { SkippedFile } from './sources/files/list-files.ts';
export {
  type C4HubOptions,
  type C4Variant,
  c4Variants,
  openC4Hub,
  type ShardChoice,
} from './sources/hub/c4-hub.ts';
export type { HubOptions, HubProgress, RetryOptions } from './sources/hub/settings.ts';
export type { NamedSource } from './sources/open-source.ts';
export type { TextData } from './text-data.ts';
export type { EncodedDocuments, TokenizerPool } from './tokenizers/encoded-documents.ts';
export {
  type LoadTokenizerOptions,
  loadTokenizer,
  type TokenizerChoice,
} from './tokenizers/load-tokenizer.ts';
export { createTokenizerPool, type TokenizerPoolOptions } from './tokenizers/pool.ts';
export type { Pruning } from './tokenizers/pruning.ts';
export type { Tokenizer } from './tokenizers/tokenizer.ts';
export type { TokenizingProgress } from './tokens/memory-store.ts';
export {
  inspectTokenShards,
  type LengthDistribution,
  type ShardInspection,
  type SplitInspection,
} from './tokens/shards/inspect.ts';
export type { ShardManifest } from './tokens/shards/manifest.ts';
export {
  type PreparationProgress,
  type PreparationResult,
  type PrepareOptions,
  prepareTokenShards,
} from './tokens/shards/prepare.ts';
export { type ShardProblem, type ShardVerification, verifyTokenShards } from './tokens/shards/verify.ts';
export { type TrainTokenizerOptions, trainTokenizer } from './train-tokenizer.ts';
