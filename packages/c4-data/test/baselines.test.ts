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

  it('agrees with counts made in another way, on rows of several batches', () => {
    const vocabularySize = 5;
    const rows = Array.from({ length: 6 }, (_, row) =>
      Int32Array.from({ length: 7 }, (__, at) => (row * 3 + at * at + ((row * at) % 3)) % vocabularySize),
    );
    const held = Array.from({ length: 3 }, (_, row) =>
      Int32Array.from({ length: 4 }, (__, at) => (row + 2 * at) % vocabularySize),
    );
    const batchOf = (list: readonly Int32Array[]) => ({
      tokens: Int32Array.from(list.flatMap((row) => [...row])),
      batchSize: list.length,
      sequenceLength: list[0]!.length,
    });
    let next = 0;
    const sought: unknown[] = [];
    const position = {
      schemaVersion: 3 as const,
      epoch: 4,
      token: 9,
      document: 3,
      offset: 2,
      fingerprint: 'f',
    };
    const data = {
      vocabularySize,
      sequenceCount: 5,
      train: {
        next: () => {
          next += 2;
          return batchOf(rows.slice(next - 2, next));
        },
        position: () => position,
        seek: (place: unknown) => {
          sought.push(place);
          next = 0;
        },
      },
      validation: ({ sequences }: { sequences: number }) => [
        batchOf(held.slice(0, 2)),
        batchOf(held.slice(2, sequences)),
      ],
    } as unknown as TextData;
    /** The formula as it reads, with every count made by looking at all rows. */
    const expected = (counted: readonly Int32Array[]) => {
      const probability = (context: readonly number[], token: number): number => {
        const lower = context.length === 0 ? 1 / vocabularySize : probability(context.slice(1), token);
        // Single tokens are counted as targets.
        const seen = counted.flatMap((row) =>
          [...row].flatMap((one, at) =>
            at >= Math.max(1, context.length) &&
            context.every((id, place) => row[at - context.length + place] === id)
              ? [one]
              : [],
          ),
        );
        const types = new Set(seen).size;
        if (seen.length === 0) return lower;
        return (seen.filter((one) => one === token).length + types * lower) / (seen.length + types);
      };
      const targets = held.flatMap((row) =>
        [...row].slice(1).map((token, at) => [row, at + 1, token] as const),
      );
      const mean = (order: number) =>
        -targets.reduce(
          (sum, [row, at, token]) =>
            sum + Math.log(probability([...row.slice(Math.max(0, at - order), at)], token)),
          0,
        ) / targets.length;
      return { unigram: mean(0), bigram: mean(1), trigram: mean(2), validationTokens: targets.length };
    };
    for (const [tokens, count] of [
      [undefined, 5],
      [30, 5],
      [25, 5],
      [24, 4],
      [1, 1],
      [6, 1],
      [7, 2],
    ] as const) {
      const found = ngramBaselines(data, { sequences: 3, ...(tokens === undefined ? {} : { tokens }) });
      const { unigram, bigram, trigram, validationTokens } = expected(rows.slice(0, count));
      expect(found.trainTokens).toBe(6 * count);
      expect(found.validationTokens).toBe(validationTokens);
      expect(found.unigram).toBeCloseTo(unigram, 12);
      expect(found.bigram).toBeCloseTo(bigram, 12);
      expect(found.trigram).toBeCloseTo(trigram, 12);
    }
    expect(sought.slice(0, 2)).toEqual([
      { ...position, epoch: 0, token: 0, document: 0, offset: 0 },
      position,
    ]);
  });
});
