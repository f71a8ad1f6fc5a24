import { bytesPerToken, checkTexts, type TokenizerPool } from './encoded-documents.ts';
import { TokenSink } from './token-sink.ts';
import type { Tokenizer } from './tokenizer.ts';

/** UTF-16 units that are encoded before other work of the thread gets a turn. */
const turnCharacters = 1 << 18;

/** Encodes on the calling thread. */
export function createInlinePool(tokenizer: Tokenizer): TokenizerPool {
  const bytes = bytesPerToken(tokenizer.vocabularySize);
  let closed = false;
  return {
    async encodeDocuments(texts, { signal } = {}) {
      if (closed) throw new Error('the tokenizer pool is closed');
      checkTexts(texts);
      const sink = new TokenSink();
      const lengths = new Uint32Array(texts.length);
      let characters = 0;
      for (const [index, text] of texts.entries()) {
        signal?.throwIfAborted();
        const before = sink.length;
        for (const id of tokenizer.encode(text)) sink.push(id);
        if (sink.length > before) sink.push(tokenizer.endOfSequence);
        lengths[index] = sink.length - before;
        characters += text.length;
        if (characters < turnCharacters) continue;
        characters = 0;
        await new Promise((resolve) => setTimeout(resolve));
      }
      signal?.throwIfAborted();
      const tokens = sink.tokens.subarray(0, sink.length);
      return { tokens: bytes === 2 ? new Uint16Array(tokens) : new Uint32Array(tokens), lengths };
    },
    async close() {
      closed = true;
    },
  };
}
