import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CombinedOptimizer } from '@steepest/param-groups';
import { beforeAll, describe, expect, it } from 'vitest';
import { estimatedSeconds } from '../src/definition/estimate.ts';
import { ExperimentError } from '../src/definition/experiment-error.ts';
import { entryTitle, loadOptimizers } from '../src/definition/installed-optimizers.ts';
import { parseExperiment, readExperiment } from '../src/definition/read-experiment.ts';
import { trialsOf } from '../src/definition/trials.ts';
import { createOptimizer } from '../src/training/create-optimizer.ts';
import { createSchedule } from '../src/training/create-schedule.ts';
import { bundledExperiments } from './bundled-experiments.ts';

beforeAll(async () => void (await loadOptimizers()));

const environment = { backend: 'wasm', versions: {} } as const;
const base = `name: mine
scale: nano
optimizers:
`;

function trials(text: string) {
  return trialsOf(parseExperiment(text, 'mine.yaml'), environment);
}

function problems(text: string): string[] {
  try {
    parseExperiment(text, 'mine.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(ExperimentError);
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('the scale of an experiment', () => {
  it('brings the model, the budget and the text of the study with it', () => {
    const at = (scale: string) =>
      parseExperiment(`${base.replace('nano', scale)}  adam: { learningRate: 1 }\n`, 'x');
    expect(at('nano')).toMatchObject({ model: { size: 'nano' }, budget: { steps: 960, batchSize: 16 } });
    // 20 tokens per parameter of the blocks, 12 layers width^2.
    for (const [scale, layers, width] of [
      ['nano', 2, 64],
      ['tiny', 3, 96],
      ['micro', 4, 128],
    ] as const) {
      const { budget, data } = at(scale);
      expect(budget.tokens).toBe(20 * 12 * layers * width ** 2);
      expect(budget.steps * budget.batchSize * budget.contextLength).toBe(budget.tokens);
      expect(data).toEqual({ source: 'embedded', tokenizer: 'embedded', prune: 512 });
    }
    // Table 2 of the study: steps at 131,072 tokens each.
    for (const [scale, steps] of [
      ['150m', 25_000],
      ['300m', 50_000],
      ['600m', 100_000],
      ['1.2b', 200_000],
    ] as const) {
      const { model, budget, data } = at(scale);
      expect(model.size).toBe(scale);
      expect(budget).toMatchObject({ steps, batchSize: 256, contextLength: 512, tokens: steps * 131_072 });
      expect(data).toEqual({ source: { prepared: resolve('data', 'c4') } });
    }
  });

  it('gives way to the keys of the experiment', () => {
    const text = `${base}  adam: { learningRate: 1 }\nmodel: { layers: 1 }\nbudget: { steps: 30 }\n`;
    const [trial] = trials(text);
    expect(trial!.model).toEqual({ size: 'nano', layers: 1 });
    expect(trial!.budget).toEqual({ steps: 30, batchSize: 16, contextLength: 128 });
  });

  it('chooses among values written by scale, and another one is a word on the command line away', () => {
    const text = `${base}  adam: { learningRate: { nano: [1, 2], paper: 3, 600m: 4 } }\n`;
    const rates = (scale?: 'nano' | 'mini' | '150m' | '600m') =>
      trialsOf(parseExperiment(text, 'mine.yaml', [], scale), environment).map(
        ({ settings }) => settings.learningRate,
      );
    expect([rates(), rates('mini'), rates('150m'), rates('600m')]).toEqual([[1, 2], [1, 2], [3], [4]]);
  });

  it('cannot be another one on the command line where the experiment says a size itself', () => {
    const text = base.replace(
      'scale: nano',
      'model: { size: nano }\nbudget: { steps: 8, batchSize: 2, contextLength: 8 }',
    );
    const at = (scale?: '150m' | 'nano') =>
      parseExperiment(`${text}  adam: { learningRate: 1 }\n`, 'mine.yaml', [], scale);
    expect(() => at('150m')).toThrow(
      /model\.size: is "nano" at every scale, so that scale 150m would not change it; remove it to let the scale choose the size/,
    );
    expect(at('nano').model.size).toBe('nano');
  });

  it('without a value for it is an error at the key, and so is a wrong value at the scale’s own', () => {
    const text = `${base.replace('nano', '150m')}  adam:\n    learningRate:\n      nano: 1\n`;
    expect(problems(text)).toEqual([
      'mine.yaml:5:5: optimizers.adam.learningRate: has no value for the scale 150m, only for nano',
    ]);
    expect(problems(text.replace('scale: 150m\n', ''))).toEqual([
      'mine.yaml:4:5: optimizers.adam.learningRate: depends on the scale (nano), but the experiment has no scale',
    ]);
    const wrong = `${base}  adam:\n    learningRate:\n      nano: [1, -2]\n`;
    expect(problems(wrong)).toEqual([
      'mine.yaml:6:17: optimizers.adam.learningRate.1: must be greater than 0, got -2 (number)',
    ]);
    expect(problems(base.replace('nano', 'nanno'))[0]).toMatch(
      /^mine\.yaml:2:1: scale: must be one of nano, tiny, micro/,
    );
  });
});

describe('a sweep', () => {
  it('varies keys of model, schedule and budget under every optimizer', () => {
    const text = `${base}  adam: { learningRate: [1, 2] }\nsweep: { model.qkNorm: [true, false], schedule.warmupFraction: [0.1, 0.5] }\n`;
    const all = trials(text);
    expect(all).toHaveLength(8);
    expect(all[1]).toMatchObject({
      trial: 'adam-lr1-qkNorm_true-warmupFraction_0.5-seed1',
      settings: { learningRate: 1, 'model.qkNorm': true, 'schedule.warmupFraction': 0.5 },
      model: { size: 'nano', qkNorm: true },
      schedule: { type: 'study', warmupFraction: 0.5 },
    });
    expect(all[1]!.recipe.members[0]!.options).toEqual({ learningRate: 1 });
  });

  it('over the batch keeps the tokens, unless the experiment counts in steps', () => {
    const text = `${base}  adam: { learningRate: 1 }\nsweep: { budget.batchSize: [4, 32] }\n`;
    expect(trials(text).map(({ budget }) => budget.steps)).toEqual([3840, 480]);
    const inSteps = `${text}budget: { steps: 40 }\n`;
    expect(trials(inSteps).map(({ budget }) => budget)).toEqual([
      { steps: 40, batchSize: 4, contextLength: 128 },
      { steps: 40, batchSize: 32, contextLength: 128 },
    ]);
  });

  it('over a key that is none names the key', () => {
    const text = `${base}  adam: { learningRate: 1 }\nsweep: { schedule.warmupFractoin: [0.1], model.qkNorm: true }\n`;
    const found = problems(text);
    expect(found[0]).toMatch(
      /^mine\.yaml:5:\d+: sweep\.schedule\.warmupFractoin: unknown key .*did you mean "schedule\.warmupFraction"/,
    );
    expect(found[1]).toMatch(/^mine\.yaml:5:\d+: sweep\.model\.qkNorm: must be a list, got true/);
  });

  it('to a warm-up that leaves nothing of the run is refused before anything runs', () => {
    const text = `${base}  adam: { learningRate: 1 }\nsweep: { schedule.warmupFraction: [0.5, 1] }\n`;
    expect(problems(text)).toEqual([
      'mine.yaml:4:3: optimizers.adam: the schedule "study" has 960 steps of warm-up, which leaves nothing of the 960 steps of the run',
    ]);
  });
});

describe('a schedule of another type', () => {
  const scheduleOf = (own: string) =>
    trials(`${base}  adam: { learningRate: 2, schedule: ${own} }
schedule: { warmupFraction: 0.2, startFactor: 0.3, endFactor: 0.4 }
`)[0]!.schedule;

  it('inherits the warm-up, but no factors of the peak, and constant nothing', () => {
    expect(scheduleOf('{ decayFraction: 0.5, type: warmupStableDecay }')).toEqual({
      ...{ type: 'warmupStableDecay', warmupFraction: 0.2, decayFraction: 0.5 },
    });
    expect(scheduleOf('{ type: cosine, endFactor: 0.5 }')).toEqual({
      ...{ type: 'cosine', warmupFraction: 0.2, endFactor: 0.5 },
    });
    expect(scheduleOf('{ type: constant }')).toEqual({ type: 'constant' });
    expect(scheduleOf('{ endFactor: 0 }')).toEqual({
      ...{ type: 'study', warmupFraction: 0.2, startFactor: 0.3, endFactor: 0 },
    });
  });

  it('may be swept, and warms up where that says so', () => {
    const swept = trials(`${base}  adam: { learningRate: 2 }
schedule: { warmupFraction: 0.2, endFactor: 0.4 }
sweep: { schedule.type: [study, linear, constant] }
`).map(({ schedule }) => schedule);
    expect(swept).toEqual([
      { type: 'study', warmupFraction: 0.2, endFactor: 0.4 },
      { type: 'linear', warmupFraction: 0.2 },
      { type: 'constant' },
    ]);
    const rate = createSchedule({ type: 'constant', warmupFraction: 0.5 }, 2, 8);
    expect([1, 2, 4, 8].map(rate)).toEqual([0.5, 1, 2, 2]);
  });
});

describe('a schedule of straight lines', () => {
  const of = (schedule: string) => `${base}  adam: { learningRate: 2, schedule: ${schedule} }\n`;

  it('has its corners at shares of the run and of the peak', () => {
    const [trial] = trials(of('{ type: piecewiseLinear, points: [[0, 0.5], [0.1, 1], [0.6, 1], [1, 0]] }'));
    const schedule = createSchedule(trial!.schedule, 2, trial!.budget.steps);
    expect([1, 96, 576, 768, 960].map(schedule)).toEqual([1, 2, 2, 1, 0]);
  });

  it('is refused without points, out of order, or where it never reaches the peak', () => {
    const at = 'mine.yaml:4:3: optimizers.adam: ';
    expect(problems(of('{ type: piecewiseLinear }'))).toEqual([
      `${at}the schedule "piecewiseLinear" needs points, [fraction of the steps, fraction of the peak] each`,
    ]);
    expect(problems(of('{ points: [[0, 1]] }'))).toEqual([
      'mine.yaml:4:28: optimizers.adam.schedule: has points, which piecewiseLinear uses, but the schedule is "study"',
    ]);
    expect(problems(of('{ type: piecewiseLinear, points: [[0, 1], [0.5, 0.3], [0.5001, 0]] }'))).toEqual([
      `${at}the schedule "piecewiseLinear" has points at 0.5 and 0.5001 of its 960 steps, which must come one step or more apart`,
    ]);
    expect(problems(of('{ type: piecewiseLinear, points: [[0, 0.9]] }'))[0]).toMatch(/never reach 1/);
    expect(problems(of('{ type: piecewiseLinear, points: [[0, 2]] }'))[0]).toMatch(
      /must be at most 1, got 2/,
    );
  });
});

describe('a named variant', () => {
  const text = `${base}  adam: { learningRate: 1 }
  adam-plain:
    optimizer: adam
    title: Plain Adam
    model: { qkNorm: false, zLoss: false }
    schedule: { warmupFraction: 0.2 }
    budget: { batchSize: 32 }
    learningRate: [1, 2]
`;

  it('has its own name, title, model, schedule and batch', () => {
    const experiment = parseExperiment(text, 'mine.yaml');
    expect(Object.entries(experiment.optimizers).map(([name, entry]) => entryTitle(name, entry))).toEqual([
      'Adam',
      'Plain Adam',
    ]);
    const [plain, variant] = trialsOf(experiment, environment);
    expect(plain).toMatchObject({ optimizer: 'adam', model: { size: 'nano' }, budget: { steps: 960 } });
    expect(variant).toMatchObject({
      trial: 'adam-plain-lr1-seed1',
      optimizer: 'adam-plain',
      settings: { learningRate: 1 },
      recipe: { members: [{ optimizer: 'adam' }] },
      model: { qkNorm: false, zLoss: false },
      schedule: { warmupFraction: 0.2 },
      budget: { steps: 480, batchSize: 32 },
    });
  });

  it('of an optimizer that is none, or with options of another, is refused at the key', () => {
    expect(problems(text.replace('optimizer: adam', 'optimizer: adamm'))[0]).toMatch(
      /^mine\.yaml:6:5: optimizers\.adam-plain\.optimizer: must be one of .*\badafactor, .*, got "adamm"/,
    );
    expect(problems(text.replace('title: Plain Adam', 'momentum: 0.9'))[0]).toMatch(
      /^mine\.yaml:7:5: optimizers\.adam-plain\.momentum: unknown key "momentum"/,
    );
  });
});

describe('a hybrid', () => {
  const text = `${base}  mixed:
    learningRate: [10, 100]
    weightDecay: 0.1
    members:
      - optimizer: adalayer
        match: { role: [lastLayer, norm] }
        learningRate: 1e-2
        beta2: [0.95, 0.99]
      - { optimizer: sgd, momentum: 0.9, momentumForm: average }
`;

  it('is one optimizer whose member without a rate has the swept one, and whose others have their own', () => {
    const all = trials(text);
    expect(all.map(({ trial }) => trial)).toEqual([
      'mixed-lr10-adalayer.beta2_0.95-seed1',
      'mixed-lr10-adalayer.beta2_0.99-seed1',
      'mixed-lr100-adalayer.beta2_0.95-seed1',
      'mixed-lr100-adalayer.beta2_0.99-seed1',
    ]);
    expect(all[1]!.settings).toEqual({ learningRate: 10, weightDecay: 0.1, 'members.0.beta2': 0.99 });
    expect(all[1]!.recipe).toEqual({
      weightDecay: 0.1,
      members: [
        {
          optimizer: 'adalayer',
          match: { role: ['lastLayer', 'norm'] },
          options: { learningRate: 1e-2, beta2: 0.99 },
        },
        { optimizer: 'sgd', options: { learningRate: 10, momentum: 0.9, momentumForm: 'average' } },
      ],
    });
  });

  it('decays its members against the main one’s peak and clips all gradients together', () => {
    const { recipe, schedule, budget } = trials(text)[0]!;
    const optimizer = createOptimizer(recipe, (peak) => createSchedule(schedule, peak, budget.steps), true);
    expect(optimizer).toBeInstanceOf(CombinedOptimizer);
    const { members, options } = optimizer as unknown as {
      members: { optimizer: { member(): { options: Record<string, unknown> } } }[];
      options: object;
    };
    expect(options).toEqual({ clipGlobalNorm: 1, recordMetrics: true });
    const [adaptive, body] = members.map((member) => member.optimizer.member().options);
    const decay = { weightDecay: 0.1, weightDecayMode: 'independent', peakLearningRate: 10 };
    expect(adaptive).toMatchObject({ ...decay, beta2: 0.95, epsilon: 1e-15 });
    expect(body).toMatchObject({ ...decay, momentum: 0.9 });
    const rate = (options: Record<string, unknown>, step: number) =>
      (options.learningRate as (step: number) => number)(step);
    expect(rate(adaptive!, 96)).toBeCloseTo(1e-2, 12);
    expect(rate(body!, 96)).toBeCloseTo(10, 9);
    expect(rate(adaptive!, 7) / rate(body!, 7)).toBeCloseTo(1e-3, 12);
  });

  it('names what is wrong in a member', () => {
    expect(problems(text.replace('lastLayer', 'head'))[0]).toMatch(
      /^mine\.yaml:\d+:\d+: optimizers\.mixed\.members\.0\.match\.role\.0: must be one of embedding, lastLayer/,
    );
    expect(problems(text.replace('momentum: 0.9', 'momentun: 0.9'))[0]).toMatch(
      /optimizers\.mixed\.members\.1\.momentun: unknown key "momentun"; did you mean "momentum"\?/,
    );
    expect(problems(text.replace('optimizer: sgd', 'optimizer: sdg'))[0]).toMatch(
      /optimizers\.mixed\.members\.1\.optimizer: must be one of/,
    );
    expect(problems(text.replace('        learningRate: 1e-2\n', ''))[0]).toMatch(
      /optimizers\.mixed\.members\.0: needs a learningRate of its own: the one beside members/,
    );
    expect(problems(`${base}  mixed: { learningRate: 1, members: [] }\n`)[0]).toMatch(
      /^mine\.yaml:4:\d+: optimizers\.mixed\.members: must hold at least/,
    );
  });
});

describe('frozen Adalayer', () => {
  const text = `${base}  frozen:
    optimizer: adalayer
    learningRate: 1e-2
    freezeSteps: 25
    groups:
      - { match: { role: [lastLayer, norm] }, afterFreeze: updating }
`;

  it('waits with its schedule until it has measured', () => {
    const { recipe, schedule } = trials(text)[0]!;
    expect(recipe.members[0]!.groups).toEqual([
      { match: { role: ['lastLayer', 'norm'] }, afterFreeze: 'updating' },
    ]);
    const rate = createSchedule(schedule, 1e-2, 250, 25);
    expect([rate(1), rate(24), rate(25), rate(50)]).toEqual([0, 0, 1e-3, 1e-2]);
  });

  it('needs the schedule that knows of it, and steps to spare', () => {
    expect(problems(`${text}schedule: { type: constant }\n`)).toEqual([
      'mine.yaml:4:3: optimizers.frozen: freezeSteps needs the schedule "study", which waits for it, not "constant"',
    ]);
    expect(problems(text.replace('freezeSteps: 25', 'freezeSteps: 950'))[0]).toContain('950 of freezeSteps');
    expect(problems(text.replace('updating', 'thawed'))[0]).toMatch(
      /optimizers\.frozen\.groups\.0\.afterFreeze: must be one of frozen, updating, got "thawed"/,
    );
  });
});

describe('the README', () => {
  it('shows experiments that can be read', async () => {
    const readme = await readFile(new URL('../../../docs/experiments.md', import.meta.url), 'utf8');
    const blocks = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block]) => block!);
    expect(blocks.map((block) => trials(block).length)).toEqual([21, 18, 10, 9, 2]);
  });
});

describe('the experiments of the study', () => {
  // The grids of section 3 of the study at its own sizes: optimizers times values.
  const study: Readonly<Record<string, readonly [nano: number, paper: number]>> = {
    'batch-size': [72, 24],
    beta1: [126, 42],
    beta2: [60, 20],
    embedding: [48, 38],
    epsilon: [36, 12],
    'frozen-adalayer': [72, 36],
    hybrids: [129, 71],
    layers: [35, 7],
    'learning-rate': [216, 108],
    variants: [150, 90],
    'warm-up': [108, 36],
    'weight-decay': [90, 42],
  };

  it.each(Object.entries(study))('%s has trials of its own at every scale', async (name, [nano, paper]) => {
    const file = (await bundledExperiments()).get(name)!;
    const counts = async (scale?: '150m' | '1.2b') => {
      const all = trialsOf(await readExperiment(file, scale), environment);
      expect(new Set(all.map(({ trial }) => trial)).size).toBe(all.length);
      return all.length;
    };
    expect([await counts(), await counts('150m'), await counts('1.2b')]).toEqual([nano, paper, paper]);
  });

  it('take hours on two cores at nano, and are all there', async () => {
    const bundled = await bundledExperiments();
    expect([...bundled.keys()]).toEqual(expect.arrayContaining(Object.keys(study)));
    const all = await Promise.all(
      Object.keys(study).map(async (name) => trialsOf(await readExperiment(bundled.get(name)!), environment)),
    );
    const hours = estimatedSeconds(all.flat(), 2) / 3600;
    expect(hours).toBeGreaterThan(5);
    expect(hours).toBeLessThan(20);
  });
});
