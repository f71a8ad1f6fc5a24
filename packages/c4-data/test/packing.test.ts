import { describe, expect, it } from 'vitest';
import { createBatchStream } from '../src/batches/batch-stream.ts';
import { shuffledOrder } from '../src/batches/joined-documents.ts';
import { openTextData, prepareTokenShards } from '../src/index.ts';
import { hashTokens, memoryStore } from '../src/tokens/memory-store.ts';
import { isValidationDocument, type TokenStore } from '../src/tokens/token-store.ts';
import { inOrder } from '../src/tokens/written-order.ts';
import { chiSquareDeviation, countBy, six } from './chi-square.ts';

/** Documents of one token each, which is its place: the stream shows their order. */
function documentsOf(count: number): TokenStore {
  const tokens = Uint16Array.from({ length: count }, (_, index) => index);
  const documentLengths = new Uint32Array(count).fill(1);
  const hash = hashTokens(tokens, documentLengths);
  return memoryStore({ tokens, documentLengths, documentBytes: documentLengths, hash }, () => true);
}

function orderOf(count: number, label: string): number[] {
  const order = shuffledOrder(count, label);
  return Array.from({ length: count }, (_, place) => order(place));
}

const alone = { shuffle: true, worker: { index: 0, count: 1 } };

/** The label of the order of an epoch of a training stream. */
const training = (seed: number, epoch: number) => `train ${seed} ${epoch}`;

describe('an epoch', () => {
  it.each([1, 2, 3, 6, 12, 60])(
    'that sequences of %i tokens fill exactly gives the last of them',
    (contextLength) => {
      // 60 targets after the first token.
      const stream = createBatchStream(documentsOf(61), { contextLength, batchSize: 1, seed: 3, ...alone });
      const order = orderOf(61, training(3, 0));
      for (let token = 0; token < 60; token += contextLength) {
        expect(stream.position()).toMatchObject({ epoch: 0, token });
        expect(Array.from(stream.next().tokens)).toEqual(order.slice(token, token + contextLength + 1));
      }
      expect(stream.position()).toMatchObject({ epoch: 0, token: 60 });
      expect(Array.from(stream.next().tokens)).toEqual(
        orderOf(61, training(3, 1)).slice(0, contextLength + 1),
      );
      expect(stream.position()).toMatchObject({ epoch: 1, token: contextLength });
    },
  );
});

describe('the validation documents', () => {
  it('are exactly their share of every hundred or thousand, though such shares are no binary fractions', () => {
    for (const parts of [100, 1000]) {
      for (let part = 0; part < parts; part += 1) {
        let chosen = 0;
        for (let index = 0; index < 3 * parts; index += 1) {
          if (isValidationDocument(index, part / parts)) chosen += 1;
          if ((index + 1) % parts === 0)
            expect(chosen, `${part}/${parts}`).toBe((part * (index + 1)) / parts);
        }
      }
    }
  });

  it('are the last of each run', () => {
    for (const every of [2, 3, 7, 10, 20, 49]) {
      const chosen = Array.from({ length: 500 }, (_, index) => index).filter((index) =>
        isValidationDocument(index, 1 / every),
      );
      expect(chosen).toEqual(
        Array.from({ length: Math.floor(500 / every) }, (_, run) => (run + 1) * every - 1),
      );
    }
  });
});

describe('the order of training documents', () => {
  it.each([2, 3, 4, 5])(
    'is each order of %i documents equally often, over seeds and over epochs',
    (count) => {
      const orders = [1, 1, 2, 6, 24, 120][count]!;
      for (const label of [(run: number) => training(run, 0), (run: number) => training(1, run)]) {
        const seen = countBy(
          Array.from({ length: 60 * orders }, (_, run) => `${orderOf(count, label(run))}`),
        );
        expect(Math.abs(chiSquareDeviation(seen.values(), orders, orders - 1))).toBeLessThan(six);
      }
    },
  );

  it('brings each document to each place equally often', () => {
    const cells = countBy(
      Array.from({ length: 2000 }, (_, seed) => orderOf(20, training(seed, 0))).flatMap((order) =>
        order.map((document, place) => 20 * place + document),
      ),
    );
    // Rows and columns each sum to 2,000: 19 * 19 counts are free.
    expect(Math.abs(chiSquareDeviation(cells.values(), 400, 361))).toBeLessThan(six);
  });

  it.each<[string, (run: number) => [string, string]]>([
    ['seeds that follow one another', (run) => [training(run, 0), training(run + 1, 0)]],
    ['epochs that follow one another', (run) => [training(0, run), training(0, run + 1)]],
    ['a seed and an epoch that change places', (run) => [training(run, run + 1), training(run + 1, run)]],
  ])('of %s has nothing to do with each other', (_, labels) => {
    const pairs = countBy(
      Array.from({ length: 10_000 }, (__, run) =>
        labels(2 * run)
          .map((label) => orderOf(10, label)[0])
          .join(),
      ),
    );
    expect(Math.abs(chiSquareDeviation(pairs.values(), 100, 99))).toBeLessThan(six);
  });
});

it('is computed for more documents than are drawn into a table, and reaches each once', () => {
  const count = 2 ** 20 + 1;
  const order = shuffledOrder(count, 'many');
  const seen = new Uint8Array(count);
  for (let place = 0; place < count; place += 1) seen[order(place)]! += 1;
  expect(seen.every((times) => times === 1)).toBe(true);
});

describe('shuffled blocks of documents', () => {
  const blockDocuments = 16_384;
  async function* numbers(count: number) {
    for (let index = 0; index < count; index += 1) yield index;
  }
  async function orderOfAll(count: number, label: string | undefined, most = Number.POSITIVE_INFINITY) {
    const order: number[] = [];
    for await (const index of inOrder(numbers(count), label, most)) order.push(index);
    return order;
  }

  it('each have an order of their own, for each label', async () => {
    const count = 3 * blockDocuments + 100;
    const orders = [await orderOfAll(count, 'one 0'), await orderOfAll(count, 'one 1')];
    const blocks = orders.flatMap((order) =>
      [0, 1, 2].map((block) =>
        order
          .slice(block * blockDocuments, (block + 1) * blockDocuments)
          .map((index) => index - block * blockDocuments),
      ),
    );
    for (const [first, block] of blocks.entries()) {
      expect([...block].sort((a, b) => a - b)).toEqual(
        Array.from({ length: blockDocuments }, (_, index) => index),
      );
      for (const other of blocks.slice(first + 1)) {
        // On average one document stands in the same place by chance; ten or more do once in 10^6 pairs.
        expect(block.filter((index, place) => index === other[place]).length).toBeLessThan(10);
      }
    }
    expect([...orders[0]!.slice(3 * blockDocuments)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => 3 * blockDocuments + index),
    );
  });

  it('end where no more are wanted, and keep the order of the source without a label', async () => {
    expect(await orderOfAll(50, undefined, 7)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect((await orderOfAll(50, 'x', 7)).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await orderOfAll(50, 'x', 0)).toEqual([]);
    expect(await orderOfAll(blockDocuments, undefined)).toHaveLength(blockDocuments);
  });
});

describe('a seed', () => {
  const base = { contextLength: 4, batchSize: 1 } as const;
  const embedded = { source: { type: 'embedded' }, tokenizer: 'embedded' } as const;

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', null, undefined])(
    'of %s is refused',
    async (seed) => {
      const wrong = { ...base, seed: seed as number };
      const message = /^seed must be an integer of 0 or more, got /;
      await expect(openTextData({ ...embedded, ...wrong })).rejects.toThrow(message);
      await expect(
        openTextData({ source: { type: 'prepared', directory: 'nowhere' }, ...wrong }),
      ).rejects.toThrow(message);
      if (seed === undefined) return;
      await expect(
        prepareTokenShards({ ...embedded, directory: 'nowhere', seed: seed as number }),
      ).rejects.toThrow(message);
    },
  );

  it('of any size gives an order of its own', () => {
    const seeds = [0, 1, 2, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 52, 2 ** 53 - 1];
    const orders = seeds.map((seed) => orderOf(50, training(seed, 0)).join());
    expect(new Set(orders).size).toBe(seeds.length);
  });
});
