import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../src/index.ts';
import { createTokenizerPool } from '../src/tokenizers/pool.ts';

describe('a tokenizer pool', () => {
  it('gives the ids of each document in order, each followed by </s>', async () => {
    const tokenizer = await loadTokenizer('embedded');
    const pool = createTokenizerPool(tokenizer, { workers: 1 });
    const texts = ['The state of the Union.', '', '  ', 'My fellow citizens'];
    const { tokens, lengths } = await pool.encodeDocuments(texts);
    const expected = texts
      .map((text) => tokenizer.encode(text))
      .map((ids) => (ids.length ? [...ids, 1] : []));
    expect(Array.from(tokens)).toEqual(expected.flat());
    expect(Array.from(lengths)).toEqual(expected.map((ids) => ids.length));
    expect(tokens).toBeInstanceOf(Uint16Array);
    await pool.close();
    await expect(pool.encodeDocuments(['x'])).rejects.toThrow('the tokenizer pool is closed');
  });

  it('says which number of workers would be right', async () => {
    const tokenizer = await loadTokenizer('embedded');
    expect(() => createTokenizerPool(tokenizer, { workers: 0 })).toThrow(
      'workers must be an integer of 1 or more, got 0',
    );
  });
});
