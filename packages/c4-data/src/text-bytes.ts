/**
 * Bytes of text that some tokens of a document stand for: the document's UTF-8 bytes spread evenly over its tokens but
 * `</s>`, which stands for none. Over all tokens of a document they are exactly its bytes.
 *
 * @param tokens tokens of the document, its `</s>` included
 * @param bytes UTF-8 bytes of its text
 * @param from the first of the tokens in the document
 * @param to after the last of them
 */
export function bytesOfTokens(tokens: number, bytes: number, from: number, to: number): number {
  const textTokens = tokens - 1;
  const share = Math.min(to, textTokens) - Math.min(from, textTokens);
  // A document of `</s>` alone has no token that its bytes could be spread over.
  return textTokens === 0 ? bytes : (bytes * share) / textTokens;
}

const encoder = new TextEncoder();

/** Bytes of a text as UTF-8. */
export function utf8Bytes(text: string): number {
  return encoder.encode(text).length;
}
