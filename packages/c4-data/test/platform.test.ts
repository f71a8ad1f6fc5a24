import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadTokenizer } from '../src/index.ts';
import * as browser from '../src/platform.browser.ts';
import * as node from '../src/platform.node.ts';
import { warnOfPoorFit } from '../src/tokenizers/fit.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe.each([
  ['Node', node],
  ['the browser', browser],
])('a hash in %s', (_, { createHasher }) => {
  it.each(['sha256', 'sha512'] as const)('is %s of bytes and text, piece by piece', (algorithm) => {
    // Enough of them that bytes below 16, and a digest of every length of its digits, occur.
    for (let run = 0; run < 50; run += 1) {
      const bytes = Uint8Array.from({ length: run }, (__, index) => index * 7 + run);
      const expected = createHash(algorithm).update('é東').update(bytes).update('').digest();
      const hasher = () => createHasher(algorithm).update('é東').update(bytes).update('');
      expect(hasher().hex()).toBe(expected.toString('hex'));
      const digest = hasher().digest();
      expect(digest).toEqual(Uint8Array.from(expected));
      expect(digest.buffer.byteLength).toBe(expected.length);
    }
  });
});

describe('the file of the embedded corpus', () => {
  it('lies beside the program, in Node and on the web', async () => {
    const stored = await node.readEmbeddedFile();
    const asked: string[] = [];
    const answers = [new Response(stored), new Response('', { status: 503 })];
    vi.stubGlobal('fetch', async (address: URL) => {
      asked.push(address.href);
      return answers.shift()!;
    });
    expect(Buffer.compare(await browser.readEmbeddedFile(), stored)).toBe(0);
    const address = new URL('../data/embedded-corpus.jsonl.gz', import.meta.url).href;
    expect(asked).toEqual([address]);
    await expect(browser.readEmbeddedFile()).rejects.toThrow(
      `cannot fetch the embedded corpus from ${address}: status 503`,
    );
  });
});

describe('a warning', () => {
  it('goes to the process in Node and to the console in a browser', () => {
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const write = vi.spyOn(console, 'warn').mockImplementation(() => {});
    node.warn('one');
    browser.warn('two');
    expect([emit.mock.calls, write.mock.calls]).toEqual([[['one']], [['two']]]);
  });

  it('says once of a text of 1,000 tokens or more that it has fewer than 2.8 bytes for each of the embedded tokenizer', async () => {
    const embedded = await loadTokenizer('embedded');
    const other = await loadTokenizer('embedded', { prune: { size: 1000 } });
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    warnOfPoorFit(embedded, 'short', 100, 999);
    warnOfPoorFit(embedded, 'fit', 2800, 1000);
    warnOfPoorFit(other, 'other', 100, 1000);
    expect(emit).not.toHaveBeenCalled();
    for (const _ of [1, 2]) warnOfPoorFit(embedded, 'a\u0007', 2790, 1000);
    warnOfPoorFit(embedded, 'b', 2790, 1000);
    const message = (name: string) =>
      `the embedded tokenizer fits ${name} poorly: 2.79 bytes per token, where its own corpus has 4.5. ` +
      'Train one of your own: trainTokenizer, or train-tokenizer on the command line';
    expect(emit.mock.calls).toEqual([[message('a\\u0007')], [message('b')]]);
  });
});
