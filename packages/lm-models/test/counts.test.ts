import { describe, expect, it } from 'vitest';
import { countParameters, flopsPerToken, type ModelSize, modelConfig, modelSizes } from '../src/index.ts';

// Zhao et al. 2024 (arXiv 2407.07972), as their code has it.
const paper: [ModelSize, number, number, number, number, number][] = [
  ['150m', 1024, 16, 12, 4096, 150_994_944],
  ['300m', 1024, 16, 24, 4096, 301_989_888],
  ['600m', 1408, 22, 24, 5632, 570_949_632],
  ['1.2b', 2048, 32, 24, 8192, 1_207_959_552],
];

describe.each(paper)('the size %s', (size, width, heads, layers, mlp, nonEmbedding) => {
  const config = modelConfig({ size, seed: 1 });

  it("has the paper's shape, with heads 64 wide, context 512 and T5's padded vocabulary", () => {
    expect(config).toMatchObject({
      modelWidth: width,
      heads,
      layers,
      mlpWidth: mlp,
      contextLength: 512,
      vocabularySize: 32_128,
    });
    expect(width / heads).toBe(64);
  });

  it("has the paper's number of non-embedding parameters, an untied head and 4 norms per block", () => {
    const counts = countParameters(config);
    expect(counts.nonEmbedding).toBe(nonEmbedding);
    expect(counts.byRole.embedding).toBe(32_128 * width);
    expect(counts.byRole.lastLayer).toBe(32_128 * width);
    expect(counts.byRole.norm).toBe((4 * layers + 1) * width);
    expect(counts.total).toBe(nonEmbedding + 2 * 32_128 * width + (4 * layers + 1) * width);
  });

  it('is trained on about 20 tokens per non-embedding parameter', () => {
    const steps = { '150m': 25_000, '300m': 50_000, '600m': 100_000, '1.2b': 200_000 }[size as string]!;
    expect((steps * 256 * config.contextLength) / nonEmbedding).toBeGreaterThan(20);
    expect((steps * 256 * config.contextLength) / nonEmbedding).toBeLessThan(24);
  });

  it('costs 6 FLOPs per parameter and token, with or without head and attention', () => {
    const head = 32_128 * width;
    expect(flopsPerToken(config, 'kaplan')).toBe(6 * nonEmbedding);
    expect(flopsPerToken(config)).toBe(6 * (nonEmbedding + head));
    expect(flopsPerToken(config, 'withAttention')).toBe(
      6 * (nonEmbedding + head) + 12 * layers * 512 * width,
    );
    expect(flopsPerToken(config, 'withAttention', 256)).toBe(
      6 * (nonEmbedding + head) + 12 * layers * 256 * width,
    );
  });
});

describe('counts', () => {
  it('follow the toggles: tying drops the head, no QK-norm drops two norms per block', () => {
    const full = countParameters(modelConfig({ size: 'nano', seed: 1 }));
    expect(countParameters(modelConfig({ size: 'nano', seed: 1, tieEmbeddings: true })).total).toBe(
      full.total - 4096 * 64,
    );
    expect(countParameters(modelConfig({ size: 'nano', seed: 1, qkNorm: false })).total).toBe(
      full.total - 2 * 2 * 64,
    );
  });

  it('count the same FLOPs when the head is tied: the product is still made', () => {
    const tied = modelConfig({ size: 'nano', seed: 1, tieEmbeddings: true });
    expect(flopsPerToken(tied)).toBe(flopsPerToken(modelConfig({ size: 'nano', seed: 1 })));
  });

  it('grow from each named size to the next', () => {
    const totals = Object.keys(modelSizes).map(
      (size) => countParameters(modelConfig({ size: size as ModelSize, seed: 1 })).total,
    );
    expect(totals).toEqual([...totals].sort((a, b) => a - b));
  });

  it('reject an unknown way of counting', () => {
    // @ts-expect-error a name outside the type
    expect(() => flopsPerToken(modelConfig({ size: 'nano', seed: 1 }), 'chinchilla')).toThrow(
      'must be standard, withAttention or kaplan, got "chinchilla"',
    );
  });
});
