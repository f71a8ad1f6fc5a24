export type { Batch, BatchStream, DataPosition } from './batches.js';
export type { TextSource } from './options.js';
export { openTextData, type TextData, type TextDataOptions } from './text-data.js';
export type { TokenizingProgress } from './token-store.js';
export { loadTokenizer, type Tokenizer } from './tokenizer.js';
