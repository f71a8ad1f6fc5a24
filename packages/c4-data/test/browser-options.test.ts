import { describe, expect, it } from 'vitest';
import * as browser from '../src/browser.ts';

// The entry for browsers, on the parts of Node that have the same names: its own are tested in its bundle.
describe('the entry for browsers', () => {
  const source = { type: 'texts', train: ['one two three four', 'five six seven'] } as const;
  const base = {
    source,
    tokenizer: 'embedded',
    contextLength: 2,
    batchSize: 1,
    seed: 0,
    validationFraction: 0,
  } as const;

  it('exports exactly what users call', () => {
    expect(Object.keys(browser).sort()).toEqual([
      'loadTokenizer',
      'ngramBaselines',
      'openTextData',
      'trainTokenizer',
    ]);
  });

  it('takes a tokenizer by name, by its text or as it is, and prunes one', async () => {
    const embedded = await browser.loadTokenizer('embedded');
    const { definition } = embedded;
    for (const tokenizer of ['embedded', { definition }, embedded] as const) {
      const data = await browser.openTextData({ ...base, tokenizer });
      expect(data.tokenizer.hash).toBe(embedded.hash);
    }
    expect((await browser.loadTokenizer({ definition }, { prune: { size: 700 } })).vocabularySize).toBe(700);
  });

  it('keeps documents for validation by default, for which there must be enough text', async () => {
    const { validationFraction: _, ...rest } = base;
    await expect(browser.openTextData(rest)).rejects.toThrow('but the validation documents have 0');
    expect((await browser.openTextData(base)).tokenCounts.validation).toBe(0);
  });

  it.each<[() => Promise<unknown>, string]>([
    [
      () => browser.loadTokenizer('t5' as never),
      "tokenizer must be 'embedded' or { definition: '<text of a tokenizer.json>' } in a browser, got \"t5\" (string)",
    ],
    [() => browser.loadTokenizer({ definition: '{}', file: 'x' } as never), 'tokenizer has no option "file"'],
    [
      () => browser.loadTokenizer('embedded', { offline: true } as never),
      'loadTokenizer has no option "offline"',
    ],
    [() => browser.loadTokenizer({ definition: '{}' }), 'the given definition is not a tokenizer.json'],
    [
      () => browser.openTextData({ ...base, cacheDirectory: 'x' } as never),
      'openTextData has no option "cacheDirectory"',
    ],
    [
      () => browser.openTextData({ ...base, source: { type: 'c4' } } as never),
      'source must be { type: \'embedded\' } or { type: \'texts\', train: [...] }, got {"type":"c4"} (object)',
    ],
    [
      () => browser.openTextData({ ...base, tokenizer: { hub: 'a/b' } } as never),
      'in a browser, got {"hub":"a/b"} (object)',
    ],
    [
      () =>
        browser.trainTokenizer({
          source: { type: 'files', train: 'x' },
          type: 'bpe',
          vocabularySize: 300,
        } as never),
      "source must be { type: 'embedded' } or { type: 'texts', train: [...] }",
    ],
  ])('says what would be right: %#', async (call, message) => {
    await expect(call()).rejects.toThrow(message);
  });
});
