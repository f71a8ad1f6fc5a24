import { beforeAll, describe, expect, it } from 'vitest';
import { loadOptimizers } from '../src/definition/installed-optimizers.ts';
import { expectedMemory } from '../src/definition/memory.ts';
import { parseExperiment } from '../src/definition/read-experiment.ts';
import { trialsOf } from '../src/definition/trials.ts';
import { describeCost } from '../src/execution/describe-cost.ts';

beforeAll(async () => void (await loadOptimizers()));

const machine = { cores: 2, memoryBytes: 25e9 };
const at = (scale: string, more = '') =>
  parseExperiment(
    `name: mine\nscale: ${scale}\noptimizers:\n  adam: { learningRate: [1e-3, 3e-3] }\n${more}`,
    'x.yaml',
  );

describe('what a plan says an experiment takes', () => {
  it('is its parameters, tokens and time, and that the batch of the study does not fit into 25 GB', () => {
    const [header, onNode, problem, ...more] = describeCost(at('150m'), 'node', machine);
    // 12 layers of 12 d^2 and 4 norms, two matrices of 32,128 rows and a last norm; 25,000 steps of 256 x 512 tokens.
    expect(header).toBe('The largest of 2 trials: 216,843,264 parameters, 3,276,800,000 tokens.');
    expect(onNode).toMatch(
      /^ {2}node: about \d+ GB of memory, [\d,]+ tokens\/s on 2 cores, \d+ days, all trials/,
    );
    const batch = Number(
      /^ {2}That is more than the 23\.3 GiB of this machine: a budget\.batchSize of (\d+) would fit\.$/.exec(
        problem!,
      )![1],
    );
    expect(more).toEqual([]);
    const lines = (batchSize: number) =>
      describeCost(at('150m', `budget: { batchSize: ${batchSize} }\n`), 'node', machine).length;
    expect([lines(batch), lines(batch + 1)]).toEqual([2, 3]);
  });

  it('is said for both backends on processors where none is chosen, and without a speed for a GPU', () => {
    const starts = describeCost(at('1.2b'), 'auto', machine).map((line) => line.slice(0, 22));
    expect(starts[1]).toMatch(/^ {2}node: about/);
    expect(starts[3]).toMatch(/^ {2}wasm: about/);
    expect(describeCost(at('1.2b'), 'auto', machine)[4]).toBe(
      '  That is more than the 4 GiB of a WebAssembly memory: a model of size 1.2b does not fit with any batch.',
    );
    expect(describeCost(at('nano'), 'node-gpu', machine)[1]).toMatch(
      /^ {2}node-gpu: about [\d.]+ GB of memory$/,
    );
  });

  // Peaks of whole processes as Linux counted them (VmHWM), recorded with benchmarks/training-throughput.
  it.each([
    ['node', { modelWidth: 128, layers: 4, heads: 4 }, 4096, 16, 128, 829e6],
    ['node', { modelWidth: 256, layers: 6, heads: 4 }, 4096, 16, 128, 1285e6],
    ['node', { modelWidth: 128, layers: 4, heads: 4 }, 32_128, 4, 128, 1000e6],
    ['node', { size: '150m' }, 32_128, 1, 512, 9.02e9],
    ['wasm', { modelWidth: 128, layers: 4, heads: 4 }, 4096, 16, 128, 413e6],
    ['wasm', { modelWidth: 256, layers: 6, heads: 4 }, 4096, 16, 128, 744e6],
    ['wasm', { modelWidth: 128, layers: 4, heads: 4 }, 32_128, 4, 128, 546e6],
  ] as const)(
    'is the memory that was measured on %s of %o',
    (backend, shape, vocabulary, batchSize, contextLength, peak) => {
      const [trial] = trialsOf(at('150m'), { backend, versions: {} });
      const model = { ...trial!.model, ...shape };
      const budget = { steps: 1, batchSize, contextLength };
      const { fixedBytes, batchBytes } = expectedMemory({ ...trial!, model, budget }, vocabulary);
      expect(Math.abs((fixedBytes + batchBytes) / peak - 1)).toBeLessThan(backend === 'node' ? 0.1 : 0.2);
    },
  );
});
