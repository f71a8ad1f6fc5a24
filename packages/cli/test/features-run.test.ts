import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareTokenShards } from '@steepest/c4-data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BenchEnd, bench, losses } from './bench-process.ts';

// One trial of each kind: a hybrid, a frozen Adalayer with groups, a variant with a model of its own, and a sweep.
const text = `name: features
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
budget: { tokens: 128, batchSize: 2, contextLength: 16 }
evaluation: { points: 2, sequences: 4 }
record: layers
sweep: { budget.batchSize: [2, 4] }
optimizers:
  hybrid:
    learningRate: 10
    weightDecay: 1e-3
    members:
      - { optimizer: adalayer, match: { role: [lastLayer, norm] }, learningRate: 1e-2 }
      - { optimizer: sgd, momentum: 0.9, momentumForm: average }
  frozen:
    optimizer: adalayer
    title: Frozen
    learningRate: 1e-2
    freezeSteps: 1
    groups:
      - { match: { role: norm }, afterFreeze: updating }
  plain: { optimizer: adam, learningRate: 1e-2, model: { qkNorm: false, zLoss: false } }
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lm-comparison-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function json(...path: string[]) {
  return JSON.parse(await readFile(join(folder, ...path), 'utf8'));
}

describe('an experiment with optimizers that need more than gradients', () => {
  it('refreshes the curvature of Sophia, which is no Signum, and trains Muon first and AdamW for the rest', async () => {
    const file = join(folder, 'needs.yaml');
    const out = join(folder, 'needs');
    // The same momentum and rate: without a refresh every step of Sophia is one by the sign of the momentum, as Signum's is.
    const experiment = `name: needs
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
budget: { steps: 12, batchSize: 2, contextLength: 16 }
evaluation: { points: 2, sequences: 4 }
optimizers:
  sophia: { learningRate: 1e-2, beta1: 0.9, rho: 1 }
  signum: { learningRate: 1e-2 }
  schedule-free-adamw: { learningRate: 1e-2 }
  muon:
    learningRate: 0.02
    members:
      - { optimizer: muon, match: { role: [attention, mlp] } }
      - { optimizer: adamw, learningRate: 1e-3, weightDecay: 0.1, weightDecayMode: decoupled }
  sophia-and-adam:
    learningRate: 1e-3
    refreshEvery: 5
    members:
      - { optimizer: sophia, match: { role: [attention, mlp] } }
      - { optimizer: adam, learningRate: 1e-3 }
`;
    await writeFile(file, experiment);
    const { code, errors } = await bench('run', file, '--out', out);
    expect(errors).toBe('');
    expect(code).toBe(0);
    const final = async (name: string) => (await json('needs', name, 'summary.json')).finalValidationLoss;
    expect(await final('sophia-lr1e-2-seed1')).not.toBe(await final('signum-lr1e-2-seed1'));
    expect((await json('needs', 'sophia-lr1e-2-seed1', 'config.json')).recipe.refreshEvery).toBe(10);
    expect((await json('needs', 'muon-lr2e-2-seed1', 'summary.json')).status).toBe('finished');
  });
});

describe('an experiment with hybrids, variants, frozen moments, a sweep of the batch and layers', () => {
  let end: BenchEnd;

  beforeAll(async () => {
    const file = join(folder, 'features.yaml');
    await writeFile(file, text);
    end = await bench('run', file, '--out', join(folder, 'out'));
  });

  it('trains each, and records norms by role', async () => {
    const { code, errors } = end;
    expect(errors).toBe('');
    expect(code).toBe(0);
    const trials = (await readdir(join(folder, 'out'))).filter((name) => name.includes('-seed'));
    expect(trials.sort()).toEqual(
      ['frozen-lr1e-2', 'hybrid-lr10', 'plain-lr1e-2'].flatMap((name) => [
        `${name}-batchSize_2-seed1`,
        `${name}-batchSize_4-seed1`,
      ]),
    );
    for (const trial of trials) {
      const summary = await json('out', trial, 'summary.json');
      // The same 128 tokens in half as many steps.
      expect(summary).toMatchObject({
        status: 'finished',
        steps: trial.includes('Size_2') ? 4 : 2,
        tokens: 128,
      });
      const lines = (await readFile(join(folder, 'out', trial, 'metrics.jsonl'), 'utf8')).trim().split('\n');
      const trained = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'train');
      for (const { layers } of trained) {
        expect(Object.keys(layers).sort()).toEqual(['attention', 'embedding', 'lastLayer', 'mlp', 'norm']);
        expect(layers.mlp).toEqual({
          gradientNorm: expect.any(Number),
          updateNorm: expect.any(Number),
          parameterNorm: expect.any(Number),
          updateToWeight: layers.mlp.updateNorm / layers.mlp.parameterNorm,
          effectiveRateSpread: expect.any(Number),
        });
      }
    }
    const { optimizers } = await json('out', 'experiment.json');
    expect(optimizers.map(({ title }: { title: string }) => title)).toEqual(['hybrid', 'Frozen', 'plain']);
    const results = await json('out', 'results.json');
    expect(results.trials).toHaveLength(6);
  });

  it('refuses other fixed options of a member, which tell no trials apart by name', async () => {
    const file = join(folder, 'changed.yaml');
    await writeFile(file, text.replace('momentum: 0.9', 'momentum: 0.8'));
    const { code, errors } = await bench('run', file, '--out', join(folder, 'out'));
    expect(code).toBe(1);
    expect(errors).toContain('momentum');
  });
});

it('trains on shards prepared beforehand, with the tokenizer and the validation documents that they bring', async () => {
  const text = (length: number, topic: string) =>
    Array.from({ length }, (_, index) =>
      JSON.stringify({
        text: `Page ${index} of the ${topic}: ${'the state of the union is strong. '.repeat(9)}`,
      }),
    ).join('\n');
  await writeFile(join(folder, 'train.jsonl'), text(60, 'report'));
  await writeFile(join(folder, 'validation.jsonl'), text(6, 'answer'));
  await prepareTokenShards({
    source: {
      type: 'files',
      train: join(folder, 'train.jsonl'),
      validation: join(folder, 'validation.jsonl'),
    },
    tokenizer: 'embedded',
    directory: join(folder, 'shards'),
  });
  const file = join(folder, 'prepared.yaml');
  const prepared = `name: prepared
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
data: { source: { prepared: shards } }
budget: { steps: 4, batchSize: 2, contextLength: 16 }
evaluation: { points: 2, sequences: 4 }
optimizers: { adam: { learningRate: 1e-2 } }
`;
  await writeFile(file, prepared);
  const { code, errors } = await bench('run', file, '--out', join(folder, 'prepared'));
  expect(errors).toBe('');
  expect(code).toBe(0);
  const trial = 'adam-lr1e-2-seed1';
  expect((await json('prepared', trial, 'config.json')).data).toEqual({
    source: { prepared: join(folder, 'shards') },
  });
  expect(await json('prepared', trial, 'summary.json')).toMatchObject({ status: 'finished', tokens: 128 });

  await writeFile(file, prepared.replace('shards }', 'nowhere }'));
  const absent = await bench('run', file, '--out', join(folder, 'absent'));
  expect(absent.errors).toContain(`${join(folder, 'nowhere')} has no manifest.json`);
  expect(absent.code).toBe(1);
  await writeFile(file, prepared.replace('shards } }', 'shards }, tokenizer: embedded }'));
  expect((await bench('run', file)).errors).toContain('data.tokenizer: must be left out: prepared shards');
});

it('a study whose time is up at once stops with what there is and says how to continue', async () => {
  const flags = ['--out', join(folder, 'study'), '--results', join(folder, 'results')];
  const { code, output } = await bench('study', '--only', 'layers', '--hours', '1e-9', ...flags);
  expect(code).toBe(130);
  expect(output).toContain('The time is up; the same command continues from');
  expect((await bench('study', '--only', 'layer', ...flags)).errors).toContain('Did you mean "layers"?');
});

it('a study that continues trains nothing where all trials are published, and says where nothing is', async () => {
  const published = fileURLToPath(
    new URL('../../../benchmarks/lm-comparison/results/hybrids/results.json', import.meta.url),
  );
  const results = join(folder, 'published');
  const out = join(folder, 'continued');
  const flags = ['--continue', '--out', out, '--results', results];
  const none = await bench('study', '--only', 'hybrids', ...flags);
  expect(none.errors).toContain(`${results} has no results to continue`);
  await mkdir(join(results, 'hybrids'), { recursive: true });
  await copyFile(published, join(results, 'hybrids', 'results.json'));
  const { code, output, errors } = await bench('study', '--only', 'hybrids', ...flags);
  expect(code, errors).toBe(0);
  expect(output).toContain(`hybrids: all of its trials are in ${join(results, 'hybrids')}`);
  expect(existsSync(out)).toBe(false);
  expect(await readFile(join(results, 'README.md'), 'utf8')).toContain('## Where adaptivity is needed');
});

it('trains to the same losses on any number of threads', async () => {
  const file = join(folder, 'threads.yaml');
  const experiment = `name: threads
model: { size: nano, modelWidth: 64, layers: 1, heads: 2 }
budget: { steps: 4, batchSize: 8, contextLength: 64 }
evaluation: { points: 2, sequences: 8 }
optimizers:
  adamw: { learningRate: 1e-2 }
`;
  await writeFile(file, experiment);
  const lossesOf = async (threads: string): Promise<string[]> => {
    const out = join(folder, `threads-${threads}`);
    const { code, errors } = await bench('run', file, '--out', out, '--parallel', '1', '--threads', threads);
    expect(code, errors).toBe(0);
    const [trial] = (await readdir(out, { withFileTypes: true })).filter(
      (entry) => entry.isDirectory() && entry.name.startsWith('adamw'),
    );
    return losses(out, trial!.name);
  };
  const alone = await lossesOf('1');
  expect(alone.length).toBeGreaterThan(4);
  expect(await lossesOf('2')).toEqual(alone);
});
