import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findPublishedLaw, publishedLaws } from '../src/published/published-laws.ts';

const shared = new URL('../../../../shared/data/laws/', import.meta.url);

/** What a law predicts, by name. */
const predictedBy = (name: string, query: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(
    findPublishedLaw(name)
      .predict(query)
      .values.map((own) => [own.name, own.value]),
  );

describe('published laws give what their sources say', () => {
  it.each([
    // DeepSeek-AI's own 7B run, on 2e12 tokens: 2,304 sequences of 4,096 tokens at 4.2e-4.
    ['deepseek', { flops: 8e22 }, { learningRate: 4.2e-4, batchTokens: 2304 * 4096 }, 0.05],
    // Chinchilla and Gopher by equation 10: 1.69 + 0.083 + 0.163 and 1.69 + 0.052 + 0.251.
    ['hoffmann', { parameters: 7e10, tokens: 1.4e12 }, { loss: 1.937 }, 5e-4],
    ['hoffmann', { parameters: 2.8e11, tokens: 3e11 }, { loss: 1.993 }, 5e-4],
    // A critical batch of 2.1e8 tokens at a loss of 1 nat, read off figure 10, against 2e8 in equation 5.3.
    ['kaplan-critical-batch', { loss: 1 }, { batchTokens: 2.1e8 }, 0.05],
    // Powers of ten: 3.7 10^-2.88 and 0.7576 10^5.624.
    ['porian', { parameters: 1e8 }, { learningRate: 4.8776e-3, batchTokens: 318_746 }, 1e-4],
    // The lowest loss over log N by golden section, at Chinchilla's own compute.
    [
      'chinchilla-optimal',
      { flops: 5.76e21 },
      { parameters: 6.8172e9, tokens: 1.4082e11, loss: 2.174287 },
      1e-4,
    ],
    // 1.79 10^(-6.417 + 3.07) and 0.58 10^5.71.
    ['step-law', { parameters: 1e9, tokens: 1e10 }, { learningRate: 8.05e-4, batchTokens: 297_460 }, 1e-3],
  ] as const)('%s at %j', (name, query, values, tolerance) => {
    const predicted = predictedBy(name, query);
    expect(Object.keys(predicted)).toEqual(Object.keys(values));
    for (const [quantity, value] of Object.entries(values)) {
      expect(Math.abs(predicted[quantity]! / value - 1)).toBeLessThan(tolerance);
    }
  });

  it("Kaplan's curve at a boundless batch is the plain sum of table 3", () => {
    const { loss } = predictedBy('kaplan-trajectory', { parameters: 1e9, steps: 1e5, batchTokens: 1e15 });
    expect(loss).toBeCloseTo((6.5e13 / 1e9) ** 0.077 + (2.1e3 / 1e5) ** 0.76, 8);
  });

  it.skipIf(!existsSync(shared))("Step Law's are the means of its authors' resamples", () => {
    const lines = readFileSync(new URL('step-law/bootstrap-1000.csv', shared), 'utf8')
      .trim()
      .split('\n')
      .slice(1);
    const means = [0, 1, 2, 3, 4].map(
      (column) => lines.reduce((sum, line) => sum + Number(line.split(',')[column]), 0) / lines.length,
    );
    const [parameters, tokens] = [4e8, 2e10];
    const values = predictedBy('step-law', { parameters, tokens });
    const learningRate = Math.exp(
      means[0]! + means[1]! * Math.log(parameters) + means[2]! * Math.log(tokens),
    );
    const batchTokens = Math.exp(means[3]! + means[4]! * Math.log(tokens));
    // The printed constants are rounded to three digits, which 24 e-folds of tokens make 2 %.
    expect(Math.abs(values.learningRate! / learningRate - 1)).toBeLessThan(0.02);
    expect(Math.abs(values.batchTokens! / batchTokens - 1)).toBeLessThan(0.02);
  });

  it.skipIf(!existsSync(shared))(
    'the refitted Chinchilla law fits its points, and the printed one does not',
    () => {
      const lines = readFileSync(new URL('chinchilla/svg_extracted_data.csv', shared), 'utf8')
        .trim()
        .split('\n');
      const header = lines[0]!.trim().split(',');
      const points = lines.slice(1).map((line) => {
        const cell = (name: string) => Number(line.trim().split(',')[header.indexOf(name)]);
        const parameters = cell('Model Size');
        return { parameters, tokens: cell('Training FLOP') / 6 / parameters, loss: cell('loss') };
      });
      const error = (name: string) => {
        const logs = points.map(({ loss, ...query }) => Math.log(predictedBy(name, query).loss! / loss));
        return logs.map(Math.abs).sort((a, b) => a - b)[Math.floor(logs.length / 2)]!;
      };
      expect(error('chinchilla')).toBeLessThan(0.004);
      expect(error('hoffmann')).toBeGreaterThan(2 * error('chinchilla'));
    },
  );
});

describe('outside of its range a published law says so', () => {
  it('by how much, and where its runs end', () => {
    const law = findPublishedLaw('step-law');
    expect(law.predict({ parameters: 5e8, tokens: 5e10 }).warnings).toEqual([]);
    expect(law.predict({ parameters: 7e10, tokens: 1e9 }).warnings).toEqual([
      'parameters 7.00e+10 is 65 times above 1.07e+9, where the runs behind Step Law end',
      'tokens 1.00e+9 is 4.0 times below 4.00e+9, where the runs behind Step Law end',
    ]);
  });

  it('and gives units, and settings apart from the loss to expect of them, as a fit does', () => {
    const { settings, expected, reason } = findPublishedLaw('chinchilla-optimal').suggest({ flops: 5.76e21 });
    expect(settings.map(({ name, unit }) => [name, unit])).toEqual([
      ['parameters', 'parameters'],
      ['tokens', 'tokens'],
    ]);
    expect(expected.map(({ name, unit }) => [name, unit])).toEqual([['loss', 'nats/token']]);
    expect(reason).toMatch(/Besiroglu et al\. 2024/);
    const hoffmann = findPublishedLaw('hoffmann');
    expect(hoffmann.suggestions).toBeUndefined();
    expect(() => hoffmann.suggest({ parameters: 1e8, tokens: 2e9 })).toThrow('hoffmann: suggests nothing');
  });

  it('and every law states its source, its ranges and units', () => {
    for (const { name, source, formula, queries, outputs, rangeSource } of publishedLaws) {
      expect(source, name).toMatch(/20\d\d, arXiv \d{4}\.\d{5}/);
      expect(formula.length * rangeSource.length * Object.keys(outputs).length, name).toBeGreaterThan(0);
      for (const { low, high, meaning } of queries) {
        expect(low, name).toBeLessThan(high);
        expect(meaning, name).not.toBe('');
      }
    }
  });

  it('and refuses what it cannot use', () => {
    const law = findPublishedLaw('deepseek');
    expect(() => law.predict({})).toThrow(
      'deepseek: flops (FLOPs of training, without embeddings and with attention) must be a positive number, got nothing',
    );
    expect(() => law.predict({ flop: 1e18 })).toThrow(
      'deepseek: unknown option "flop", did you mean "flops"? Its options are flops',
    );
    expect(() => findPublishedLaw('steplaw')).toThrow(
      /^published: there is no law named "steplaw", did you mean "step-law"\?/,
    );
  });
});
