import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { createLanguageModel } from '../src/index.ts';
import { Sampler } from '../src/sampling.ts';

const model = createLanguageModel({
  modelWidth: 16,
  layers: 1,
  heads: 2,
  vocabularySize: 12,
  contextLength: 6,
  seed: 3,
});
afterAll(() => model.dispose());

describe('generate', () => {
  it('repeats with the seed and differs without it, past the end of the context', async () => {
    const options = { prompt: [1, 2], maxTokens: 12, seed: 7 };
    const first = await model.generate(options);
    expect(first).toHaveLength(12);
    expect(await model.generate(options)).toEqual(first);
    expect(await model.generate({ ...options, seed: 8 })).not.toEqual(first);
  });

  it('at temperature 0, and with topK 1, takes the likeliest token of the logits', async () => {
    const logits = model.logits(tf.tensor2d([[1, 2, 3]], undefined, 'int32'));
    const row = Array.from(await logits.data()).slice(-12);
    const likeliest = row.indexOf(Math.max(...row));
    for (const options of [{ temperature: 0 }, { topK: 1 }]) {
      expect(await model.generate({ prompt: [1, 2, 3], maxTokens: 1, ...options })).toEqual([likeliest]);
    }
  });

  it('ends before the stop token', async () => {
    const [first] = await model.generate({ prompt: [1], maxTokens: 1, temperature: 0 });
    expect(await model.generate({ prompt: [1], maxTokens: 5, temperature: 0, stopToken: first! })).toEqual(
      [],
    );
  });

  it('leaves no tensor behind', async () => {
    await model.generate({ prompt: [1], maxTokens: 1 });
    const before = tf.memory().numTensors;
    await model.generate({ prompt: [1], maxTokens: 5 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    [{ prompt: [] }, 'prompt must be a list of at least one token id'],
    [{ prompt: [1, 12] }, 'prompt[1] must be a token id from 0 to 11, got 12'],
    [{ maxTokens: -1 }, 'maxTokens must be a whole number of at least 0, got -1'],
    [{ temperature: -0.5 }, 'temperature must be a number of at least 0, got -0.5'],
    [{ topK: 0 }, 'topK must be a whole number of at least 1, got 0'],
    [{ seed: 1.5 }, 'seed must be a whole number'],
    [{ stopToken: 12 }, 'stopToken must be a token id from 0 to 11, got 12'],
    [{ stopToken: '2' }, 'stopToken must be a token id from 0 to 11, got 2'],
    [{ stopToken: Number.NaN }, 'stopToken must be a token id from 0 to 11, got NaN'],
    [{ topk: 3 }, 'unknown option "topk" of generate'],
  ])('rejects %j', async (options, message) => {
    await expect(model.generate({ prompt: [1], maxTokens: 1, ...options } as never)).rejects.toThrow(message);
  });
});

describe('the sampler', () => {
  const logits = [Math.log(0.5), Math.log(0.3), Math.log(0.2)];
  const frequencies = (sampler: Sampler, draws = 20_000) => {
    const counts = [0, 0, 0];
    for (let i = 0; i < draws; i++) counts[sampler.draw(logits)]!++;
    return counts.map((count) => count / draws);
  };
  // Four standard errors of a frequency of 0.5 in 20,000 draws.
  const tolerance = 4 * Math.sqrt(0.25 / 20_000);
  const expectFrequencies = (actual: number[], expected: number[]) => {
    for (const [i, value] of expected.entries()) {
      expect(Math.abs(actual[i]! - value)).toBeLessThan(tolerance);
    }
  };

  it('draws with the probabilities of the softmax', () => {
    expectFrequencies(frequencies(new Sampler(1, 3, 1)), [0.5, 0.3, 0.2]);
  });

  it('sharpens by the temperature: at 1/2 the probabilities are squared', () => {
    expectFrequencies(frequencies(new Sampler(0.5, 3, 1)), [25 / 38, 9 / 38, 4 / 38]);
  });

  it('draws among the topK only', () => {
    expectFrequencies(frequencies(new Sampler(1, 2, 1)), [5 / 8, 3 / 8, 0]);
  });

  it('draws by the softmax over seeds too, first, second and third tokens alike, whatever the spacing of the seeds', () => {
    const probabilities = [0.4, 0.3, 0.15, 0.1, 0.05];
    const row = probabilities.map(Math.log);
    for (const spacing of [1, 2, 256, 2 ** 16, 2 ** 20]) {
      const draws = Array.from({ length: 4000 }, (_, index) => {
        const sampler = new Sampler(1, 5, index * spacing);
        return [sampler.draw(row), sampler.draw(row), sampler.draw(row)];
      });
      for (const place of [0, 1, 2]) {
        const counts = [0, 0, 0, 0, 0];
        for (const drawn of draws) counts[drawn[place]!]!++;
        const chiSquare = counts.reduce((sum, count, token) => {
          const expected = probabilities[token]! * draws.length;
          return sum + (count - expected) ** 2 / expected;
        }, 0);
        // Of 4 degrees of freedom: above this once in 10^4.
        expect(chiSquare, `spacing ${spacing}, place ${place}`).toBeLessThan(23.5);
      }
    }
  });

  it('draws neighboring seeds and places independently of one another', () => {
    const row = [0, 0, 0, 0];
    const draws = Array.from({ length: 8001 }, (_, seed) => {
      const sampler = new Sampler(1, 4, seed);
      return [sampler.draw(row), sampler.draw(row)] as const;
    });
    const pairs = {
      seeds: draws.slice(1).map(([first], index) => [draws[index]![0], first] as const),
      places: draws.slice(1),
    };
    for (const [name, list] of Object.entries(pairs)) {
      const counts = new Array<number>(16).fill(0);
      for (const [a, b] of list) counts[4 * a + b]!++;
      const chiSquare = counts.reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0);
      // Of 15 degrees of freedom: above this once in 10^4.
      expect(chiSquare, name).toBeLessThan(44.3);
    }
  });

  it('refuses NaN', () => {
    expect(() => new Sampler(1, 3, 1).draw([0, Number.NaN])).toThrow('NaN logits');
  });

  it('refuses logits of which the largest is infinite, and never draws a token of logit -Infinity', () => {
    const least = Number.NEGATIVE_INFINITY;
    expect(() => new Sampler(1, 3, 1).draw([least, least])).toThrow(
      "largest of the model's logits is -Infinity",
    );
    expect(() => new Sampler(0, 3, 1).draw([0, Number.POSITIVE_INFINITY])).toThrow('logits is Infinity');
    const sampler = new Sampler(1, 3, 1);
    expect(Array.from({ length: 100 }, () => sampler.draw([least, 0, least]))).toEqual(Array(100).fill(1));
  });
});
