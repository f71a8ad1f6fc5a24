import { fileURLToPath } from 'node:url';
import { type EarlierResults, readExperiment, type TrialConfig, trialsOf } from '@steepest/experiments';
import { earlierResults, loadResults } from '@steepest/run-report';
import { beforeAll, describe, expect, it } from 'vitest';

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

describe('the published comparison of all optimizers', () => {
  let published: EarlierResults;
  let planned: TrialConfig[];

  beforeAll(async () => {
    published = earlierResults('optimizers', [await loadResults(path('results/optimizers'))]);
    const experiment = await readExperiment(path('experiments/optimizers.yaml'), undefined);
    planned = trialsOf(experiment, { backend: 'node', versions: {} });
  });

  const found = (config: TrialConfig) => published.trial(config);
  const isTaken = (config: TrialConfig) => {
    const trial = found(config);
    return trial !== undefined && !('differences' in trial);
  };

  it('has every trial of its experiment, as the file says it now', () => {
    expect(planned.length).toBeGreaterThan(200);
    expect(planned.filter((config) => !isTaken(config)).map(({ trial }) => trial)).toEqual([]);
  });

  it('gives a trial its losses and curve', () => {
    const trial = found(planned.find(({ trial: id }) => id === 'adam-lr1e-2-seed1')!);
    expect(trial).toMatchObject({
      summary: { status: 'finished', steps: 960, parameters: 164_416 },
      from: { results: 'optimizers' },
    });
    const { metrics, summary } = trial as Exclude<typeof trial, undefined | { differences: unknown }>;
    expect(metrics.map(({ step }) => step)).toEqual(metrics.map(({ step }) => step).sort((a, b) => a - b));
    expect(metrics.at(-1)).toMatchObject({ kind: 'evaluation', loss: summary.finalValidationLoss });
    expect(metrics.at(-2)).toMatchObject({ kind: 'train', step: 960 });
  });

  const changes: Record<string, (config: TrialConfig) => TrialConfig> = {
    'members.0.beta1: 0.9 there, 0.8 here': (config) => {
      const [member] = config.resolved!.members;
      const members = [{ ...member!, options: { ...member!.options, beta1: 0.8 } }];
      return { ...config, resolved: { ...config.resolved!, members } };
    },
    'clipGlobalNorm: 1 there, null here': (config) => ({
      ...config,
      resolved: { ...config.resolved!, clipGlobalNorm: null },
    }),
    'seed: 1 there, 77 here': (config) => ({ ...config, seed: 77 }),
    'model.size: "nano" there, "tiny" here': (config) => ({ ...config, model: { size: 'tiny' } }),
    'model.qkNorm: not set there, false here': (config) => ({
      ...config,
      model: { ...config.model, qkNorm: false },
    }),
    'schedule.type: "study" there, "constant" here': (config) => ({
      ...config,
      schedule: { type: 'constant' } as TrialConfig['schedule'],
    }),
    'budget.steps: 960 there, 961 here': (config) => ({
      ...config,
      budget: { ...config.budget, steps: 961 },
    }),
    'evaluation.sequences: 256 there, 128 here': (config) => ({
      ...config,
      evaluation: { ...config.evaluation, sequences: 128 },
    }),
    'data.prune: 512 there, 1024 here': (config) => ({
      ...config,
      data: { ...config.data, prune: 1024 } as TrialConfig['data'],
    }),
    'backend: "node" there, "wasm" here': (config) => ({ ...config, backend: 'wasm' }),
  };

  it.each(Object.entries(changes))('has no trial with %s', (difference, change) => {
    const config = planned.find(({ trial }) => trial === 'adam-lr1e-2-seed1')!;
    expect(found(change(config))).toEqual({ differences: [difference] });
  });

  it('finds a trial by what its numbers depend on, whatever another experiment calls it', () => {
    const config = planned.find(({ trial }) => trial === 'adam-lr1e-2-seed1')!;
    const renamed = { ...config, experiment: 'beta1', trial: 'adam-lr1e-2-beta1_0.9-seed1', optimizer: 'a' };
    expect(found(renamed)).toEqual(found(config));
    expect(found({ ...renamed, seed: 9 })).toBeUndefined();
  });

  it('has none whose layers are to be recorded, of which shared results keep a part', () => {
    expect(found({ ...planned[0]!, record: 'layers' })).toEqual({
      differences: ['its layers are to be recorded, of which results keep a part'],
    });
  });

  it('has none of another text', () => {
    const text = {
      unigram: 4.9,
      bigram: 3.5,
      trigram: 2.8,
      trainTokens: 1_966_080,
      validationTokens: 32_768,
    };
    expect(published.trial(planned[0]!, text)).toEqual({
      differences: [
        'text: 1, 2 and 3-grams predict it with 4.9718, 3.5785, 2.8148 nats after 1,966,080 tokens there, 4.9000, 3.5000, 2.8000 nats after 1,966,080 tokens here',
      ],
    });
  });
});
