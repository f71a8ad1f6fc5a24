import { describe, expect, it } from 'vitest';
import { ngramBaselines, openTextData, type TextData } from '../src/index.ts';

/** Three tokens; one training row and one validation row, so that every count can be made by hand. */
function byHand(): TextData {
  const train = Int32Array.of(0, 1, 0, 1, 1);
  const validation = Int32Array.of(1, 0, 1);
  const place = { schemaVersion: 3 as const, epoch: 0, token: 0, document: 0, offset: 0, fingerprint: '' };
  return {
    vocabularySize: 3,
    sequenceCount: 1,
    train: {
      next: () => ({ tokens: train, batchSize: 1, sequenceLength: 5 }),
      position: () => place,
      seek: () => undefined,
    },
    validation: () => [{ tokens: validation, batchSize: 1, sequenceLength: 3 }],
  } as unknown as TextData;
}

describe('ngramBaselines', () => {
  it('interpolates by Witten and Bell', () => {
    const found = ngramBaselines(byHand(), { sequences: 1 });
    const mean = (...probabilities: number[]) =>
      -probabilities.reduce((sum, one) => sum + Math.log(one), 0) / probabilities.length;
    // Targets 1, 0, 1, 1: after no context 4 tokens of 2 types, so (count + 2 / 3) / 6.
    expect(found.unigram).toBeCloseTo(mean(5 / 18, 11 / 18), 12);
    // After 1 came 0 and 1: (1 + 2 * 5/18) / 4. After 0 came 1 twice: (2 + 11/18) / 3.
    expect(found.bigram).toBeCloseTo(mean(7 / 18, 47 / 54), 12);
    // The first target has one token before it. After 1, 0 came 1 once: (1 + 47/54) / 2.
    expect(found.trigram).toBeCloseTo(mean(7 / 18, 101 / 108), 12);
    expect(found).toMatchObject({ trainTokens: 4, validationTokens: 2 });
  });

  it('leaves the stream where it was when a read fails', () => {
    const places: unknown[] = [];
    const data = byHand();
    const broken = {
      ...data,
      train: {
        ...data.train,
        position: () => 'where the run is',
        seek: (place: unknown) => places.push(place),
        next: () => {
          throw new Error('a shard is damaged');
        },
      },
    } as unknown as TextData;
    expect(() => ngramBaselines(broken, { sequences: 1 })).toThrow('a shard is damaged');
    expect(places.at(-1)).toBe('where the run is');
  });

  it('counts the tokens of the first steps, an epoch at most, and leaves the stream where it was', async () => {
    const words = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
    const texts = Array.from(
      { length: 40 },
      (_, index) => `${words[index % 8]} and ${words[(index * 3) % 8]}`,
    );
    const data = await openTextData({
      source: { type: 'texts', train: texts },
      tokenizer: 'embedded',
      validationFraction: 0.2,
      contextLength: 4,
      batchSize: 2,
      seed: 5,
    });
    data.train.next();
    const before = data.train.position();
    const all = ngramBaselines(data, { sequences: 2 });
    expect(data.train.position()).toEqual(before);
    expect(all.trainTokens).toBe(4 * data.sequenceCount);
    expect(ngramBaselines(data, { sequences: 2, tokens: 1e9 })).toEqual(all);
    const some = ngramBaselines(data, { sequences: 2, tokens: 24 });
    expect(some.trainTokens).toBe(24);
    expect(some.bigram).toBeGreaterThan(all.bigram);
    // Text of few phrases: each longer context says more, and all of them more than a guess.
    expect(all.trigram).toBeLessThan(all.bigram);
    expect(all.bigram).toBeLessThan(all.unigram);
    expect(all.unigram).toBeLessThan(Math.log(data.vocabularySize));
  });
});
