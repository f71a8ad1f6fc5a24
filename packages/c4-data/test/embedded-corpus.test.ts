import { describe, expect, it } from 'vitest';
import { cleanAddress, openEmbeddedCorpus, splitIntoDocuments } from '../src/embedded-corpus.ts';

describe('the embedded corpus', () => {
  it('is 5,064 documents of 1,000 to 4,100 characters, in order of time', async () => {
    const documents = (await openEmbeddedCorpus()).documents();
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

  it('holds no stage directions and no control characters', async () => {
    const text = (await openEmbeddedCorpus())
      .documents()
      .map((document) => document.text)
      .join('');
    expect(text).not.toMatch(/[[(](laughter|applause)/i);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the claim
    expect(text).not.toMatch(/[\u0000-\u001f]/);
  });

  it.each([
    ['Fellow-Citizens of the Senate and House of Representatives: In meeting', 'In meeting'],
    ['GENTLEMEN OF THE CONGRESS: Eight months', 'Eight months'],
    ['Thank you. Mr. Speaker, Members of Congress, my fellow Americans: Tonight [Laughter] we', 'Tonight we'],
    ['This message is the first. It has: a colon', 'This message is the first. It has: a colon'],
  ])('takes the salutation off "%s"', (address, rest) => {
    expect(cleanAddress(address)).toBe(rest);
  });

  it('cuts between sentences and loses no word', () => {
    const text = Array.from({ length: 200 }, (_, index) => `Sentence ${index} says something of note.`).join(
      ' ',
    );
    const documents = splitIntoDocuments(text);
    expect(documents.length).toBeGreaterThan(2);
    expect(documents.join(' ')).toBe(text);
    for (const document of documents) expect(document).toMatch(/^Sentence .*\.$/);
  });
});
