export type { Batch, BatchShape, BatchStream, DataPosition } from './batches.ts';
export type { TextSource } from './options.ts';
export { openTextData, type TextData, type TextDataOptions } from './text-data.ts';
export type { TokenizingProgress } from './token-store.ts';
export { loadTokenizer, type Tokenizer } from './tokenizers/tokenizer.ts';
