import { describe, expect, it } from 'vitest';
import { createTokenizerPool, loadTokenizer, type TokenizerPool } from '../src/index.ts';

const tokenizer = await loadTokenizer('embedded');

/** Documents of very different lengths, some without a token, more than fit one message. */
const texts = Array.from({ length: 250 }, (_, index) =>
  index % 7 === 3
    ? ' '.repeat(index % 3)
    : `The address of ${index} — to the Congress. `.repeat((index * index) % 97),
);

function expected(documents: readonly string[]): { tokens: number[]; lengths: number[] } {
  const each = documents.map((text) => {
    const ids = tokenizer.encode(text);
    return ids.length > 0 ? [...ids, tokenizer.endOfSequence] : [];
  });
  return { tokens: each.flat(), lengths: each.map((ids) => ids.length) };
}

async function encode(pool: TokenizerPool, documents: readonly string[]) {
  const { tokens, lengths } = await pool.encodeDocuments(documents);
  return { tokens: Array.from(tokens), lengths: Array.from(lengths) };
}

describe.each([0, 1, 2])('a tokenizer pool of %i workers', (workers) => {
  it('gives the ids of each document in order, each followed by </s>, in calls that overlap', async () => {
    const pool = createTokenizerPool(tokenizer, { workers });
    const few = ['The state of the Union.', '', '  ', 'My fellow citizens', 'a </s> b 日本'];
    const all = await Promise.all([texts, few, [], texts.slice(100, 130)].map((list) => encode(pool, list)));
    expect(all).toEqual([expected(texts), expected(few), expected([]), expected(texts.slice(100, 130))]);
    expect((await pool.encodeDocuments(few)).tokens).toBeInstanceOf(Uint16Array);
    await pool.close();
  });

  it('rejects with the reason of its signal, and continues with other calls', async () => {
    const pool = createTokenizerPool(tokenizer, { workers });
    const stop = new AbortController();
    const stopped = pool.encodeDocuments(texts, { signal: stop.signal });
    const other = encode(pool, texts.slice(0, 50));
    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    await expect(pool.encodeDocuments(texts, { signal: stop.signal })).rejects.toThrow('enough');
    expect(await other).toEqual(expected(texts.slice(0, 50)));
    await pool.close();
  });

  it('names the text that is not a string', async () => {
    const pool = createTokenizerPool(tokenizer, { workers });
    const wrong = ['a', undefined as unknown as string];
    await expect(pool.encodeDocuments(wrong)).rejects.toThrow('texts[1] must be a string, got undefined');
    await pool.close();
  });

  it('takes no work once it is closed', async () => {
    const pool = createTokenizerPool(tokenizer, { workers });
    await pool.close();
    await pool.close();
    await expect(pool.encodeDocuments(['x'])).rejects.toThrow('the tokenizer pool is closed');
  });
});

describe('a tokenizer pool', () => {
  it('rejects what is on its way when it is closed', async () => {
    const pool = createTokenizerPool(tokenizer, { workers: 1 });
    const unfinished = pool.encodeDocuments(texts);
    const closing = pool.close();
    await expect(unfinished).rejects.toThrow('closed before the documents were encoded');
    await closing;
  });

  it('says why its workers failed, to every call', async () => {
    const pool = createTokenizerPool({ ...tokenizer, definition: '{"model":' }, { workers: 2 });
    await expect(pool.encodeDocuments(['x'])).rejects.toThrow(/a worker .* failed: .* is not JSON/);
    await expect(pool.encodeDocuments(['y'])).rejects.toThrow(/a worker .* failed/);
    await pool.close();
  });

  it('says what would be right', () => {
    expect(() => createTokenizerPool(tokenizer, { workers: -1 })).toThrow(
      'workers must be an integer of 0 or more, got -1 (number)',
    );
    expect(() => createTokenizerPool(tokenizer, { worker: 1 } as never)).toThrow('did you mean "workers"?');
  });
});
