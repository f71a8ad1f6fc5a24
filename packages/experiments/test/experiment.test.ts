import { constant } from '@steepest/lr-schedules';
import { defineUpdateRule, mul, optimizerClass, type RuleOptimizer, sub } from '@steepest/optimizer';
import { optimizerByName } from '@steepest/registry';
import { beforeAll, describe, expect, it } from 'vitest';
import { ExperimentError } from '../src/definition/experiment-error.ts';
import { loadOptimizers, optimizerTitle } from '../src/definition/installed-optimizers.ts';
import { parseExperiment, readExperiment } from '../src/definition/read-experiment.ts';
import { trialsOf } from '../src/definition/trials.ts';
import { createOptimizer } from '../src/training/create-optimizer.ts';
import { bundledExperiments } from './bundled-experiments.ts';

beforeAll(async () => void (await loadOptimizers()));

const valid = `name: mine
model:
  size: nano
budget:
  steps: 10
  batchSize: 2
  contextLength: 16
optimizers:
  adam:
    learningRate: [1e-3, 3.16e-3]
`;

function problems(text: string): string[] {
  try {
    parseExperiment(text, 'mine.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(ExperimentError);
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('an experiment file', () => {
  it('fills in defaults', () => {
    const experiment = parseExperiment(valid, 'mine.yaml');
    expect(experiment.seeds).toEqual([1]);
    expect(experiment.data).toEqual({ source: 'embedded', tokenizer: 'embedded' });
    expect(experiment.schedule.type).toBe('study');
    expect(experiment.evaluation).toEqual({ points: 10, sequences: 64 });
  });

  it('names line, column and key of an unknown key and suggests the nearest', () => {
    expect(problems(valid.replace('  batchSize: 2', '  batchSize: 2\n  batchsise: 3'))).toEqual([
      'mine.yaml:7:3: budget.batchsise: unknown key "batchsise"; did you mean "batchSize"? ' +
        '(known keys: steps, tokens, batchSize, contextLength, phases)',
    ]);
  });

  it('suggests optimizers and their hyperparameters, each from its own list', () => {
    const text = valid
      .replace('    learning', '    momentum: 0.9\n    learning')
      .replace('  adam', '  sgd: {}\n  adam');
    const found = problems(`${text}  loin:\n    learningRate: 1\n`);
    expect(found).toHaveLength(3);
    expect(found[0]).toMatch(/^mine\.yaml:9:3: optimizers\.sgd\.learningRate: is missing$/);
    expect(found[1]).toMatch(
      /^mine\.yaml:11:5: optimizers\.adam\.momentum: unknown key .*beta1, beta2, epsilon/,
    );
    expect(found[2]).toMatch(/^mine\.yaml:13:3: optimizers\.loin: unknown key "loin"; did you mean "lion"\?/);
  });

  it('says what a value must be and what it was', () => {
    expect(problems(valid.replace('steps: 10', 'steps: 1.5'))).toEqual([
      'mine.yaml:5:3: budget.steps: must be a whole number, got 1.5 (number)',
    ]);
    expect(problems(valid.replace('[1e-3, 3.16e-3]', '[1e-3, "3e-3"]'))).toEqual([
      'mine.yaml:10:26: optimizers.adam.learningRate.1: must be a number, got "3e-3" (string); without quotes: 3e-3',
    ]);
    expect(problems(valid.replace('[1e-3, 3.16e-3]', '-1'))).toEqual([
      'mine.yaml:10:5: optimizers.adam.learningRate: must be greater than 0, got -1 (number)',
    ]);
    expect(problems(valid.replace('size: nano', 'size: nanno'))[0]).toMatch(
      /^mine\.yaml:3:3: model\.size: must be one of nano, tiny, micro, .*, got "nanno" \(string\)$/,
    );
  });

  it('reports a missing group at the file and an empty one at its key', () => {
    expect(problems(valid.replace(/budget:[^o]*contextLength: 16\n/, ''))).toEqual([
      'mine.yaml:1:1: budget: is missing',
    ]);
    expect(problems(valid.replace(/optimizers:[\s\S]*/, 'optimizers: {}\n'))).toEqual([
      'mine.yaml:8:1: optimizers: name at least one optimizer',
    ]);
  });

  it('places malformed YAML', () => {
    expect(problems('name: mine\nmodel: [nano\n')[0]).toMatch(/^mine\.yaml:3:1: not valid YAML: /);
    expect(problems('')).toEqual(['mine.yaml:1:1: is empty']);
  });

  it('that does not exist is named', async () => {
    await expect(readExperiment('absent.yaml')).rejects.toThrow('absent.yaml: no such experiment file');
  });
});

describe('the trials of an experiment', () => {
  const environment = { backend: 'wasm', versions: {} } as const;

  it('are all combinations of grids and seeds, named by what varies', () => {
    const text = `${valid}  lion:\n    learningRate: 1e-4\n    beta2: [0.95, 0.99]\nseeds: [1, 2]\n`;
    const ids = trialsOf(parseExperiment(text, 'mine.yaml'), environment).map(({ trial }) => trial);
    expect(ids).toEqual([
      'adam-lr1e-3-seed1',
      'adam-lr3.16e-3-seed1',
      'lion-lr1e-4-beta2_0.95-seed1',
      'lion-lr1e-4-beta2_0.99-seed1',
      'adam-lr1e-3-seed2',
      'adam-lr3.16e-3-seed2',
      'lion-lr1e-4-beta2_0.95-seed2',
      'lion-lr1e-4-beta2_0.99-seed2',
    ]);
  });

  it('of the quick experiment give each of the six optimizers the same number of learning rates', async () => {
    const file = (await bundledExperiments()).get('quick');
    const trials = trialsOf(await readExperiment(file!), environment);
    const ids = ['adam', 'sgd', 'lion', 'signum', 'adafactor', 'adalayer'];
    expect([...new Set(trials.map(({ optimizer }) => optimizer))]).toEqual(ids);
    const counts = ids.map((id) => trials.filter(({ optimizer }) => optimizer === id).length);
    expect(counts).toEqual([3, 3, 3, 3, 3, 3]);
  });
});

describe('an optimizer of an experiment', () => {
  const only = (optimizers: string) => valid.replace(/optimizers:[\s\S]*/, `optimizers:\n${optimizers}`);
  const settingsOf = (optimizers: string) =>
    trialsOf(parseExperiment(only(optimizers), 'mine.yaml'), { backend: 'wasm', versions: {} });

  it('may be any that is loaded, with the options and ranges of its own rule', () => {
    const weigh = { default: 2, minimum: 1, below: 8, maximum: 9, description: 'Weight of the step' };
    const form = {
      default: 'plain',
      description: 'plain or bold',
      check: (value: unknown) =>
        value === 'plain' || value === 'bold' ? undefined : 'must be plain or bold',
    };
    optimizerClass(
      defineUpdateRule({
        name: 'newcomer',
        title: 'Newcomer',
        paper: { authors: 'Nobody', year: 2024, title: 'None', source: 'https://example.org' },
        hyperparameters: { learningRate: { default: 1, description: 'Step size' }, weigh },
        settings: { form },
        slots: () => ({}),
        update: ({ parameter, gradient }, { learningRate }) => ({
          parameter: sub(parameter, mul(learningRate, gradient)),
        }),
      }),
      'LmComparisonTestNewcomer',
    );
    const trials = settingsOf('  newcomer:\n    learningRate: 1\n    weigh: [1, 7]\n    form: bold\n');
    expect(trials.map(({ trial, settings }) => [trial, settings])).toEqual([
      ['newcomer-lr1-weigh_1-seed1', { learningRate: 1, weigh: 1, form: 'bold' }],
      ['newcomer-lr1-weigh_7-seed1', { learningRate: 1, weigh: 7, form: 'bold' }],
    ]);
    expect(createOptimizer(trials[0]!.recipe, constant).describe().title).toBe('Newcomer');
    expect(optimizerTitle('newcomer')).toBe('Newcomer');
    expect(
      problems(only('  newcomer:\n    learningRate: 1\n    weigh: [0, 8]\n    form: [bold, brash]\n')),
    ).toEqual([
      'mine.yaml:11:13: optimizers.newcomer.weigh.0: must be at least 1, got 0 (number)',
      'mine.yaml:11:16: optimizers.newcomer.weigh.1: must be less than 8, got 8 (number)',
      'mine.yaml:12:18: optimizers.newcomer.form.1: must be plain or bold, got "brash" (string)',
    ]);
    expect(problems(only('  newcomer:\n    learningRate: 1\n    from: bold\n'))).toEqual([
      'mine.yaml:11:5: optimizers.newcomer.from: unknown key "from"; did you mean "form"? ' +
        '(known keys: learningRate, weigh, form, stateFormat, stateMinimumSize, weightDecay, weightDecayMode, clipGlobalNorm, groups, title, model, schedule, budget)',
    ]);
  });

  it('may vary in what is no number', () => {
    const trials = settingsOf('  sgd:\n    learningRate: 1\n    momentumForm: [heavyBall, nesterov]\n');
    expect(trials.map(({ trial }) => trial)).toEqual([
      'sgd-lr1-momentumForm_heavyBall-seed1',
      'sgd-lr1-momentumForm_nesterov-seed1',
    ]);
  });

  it('that its package failed to load is told with the reason', () => {
    const failed = [{ name: 'acme-tiger', reason: 'no license' }];
    const parse = (text: string) => () => parseExperiment(text, 'mine.yaml', failed);
    expect(parse(only('  tiger:\n    learningRate: 1\n'))).toThrow(
      /^mine\.yaml:8:1: optimizers: acme-tiger is installed but could not be loaded: no license\nmine\.yaml:9:3: optimizers\.tiger: unknown key "tiger"/,
    );
    // Who does not need it is not bothered.
    expect(parse(only('  adam: {}\n'))).toThrow(
      /^mine\.yaml:9:3: optimizers\.adam\.learningRate: is missing$/,
    );
    expect(parse(valid)).not.toThrow();
  });

  it('starts from the settings of the study, and another one from its own', () => {
    const options = (name: string, settings = {}) =>
      (
        createOptimizer(
          { members: [{ optimizer: name, options: { learningRate: 1, ...settings } }] },
          constant,
        ) as RuleOptimizer
      ).member().options;
    const common = { clipGlobalNorm: 1, weightDecay: 0, weightDecayMode: 'independent' };
    expect(options('lion', { beta2: 0.98 })).toMatchObject({ ...common, beta1: 0.9, beta2: 0.98 });
    expect(options('adamw')).toEqual({ ...common, learningRate: expect.any(Function) });
  });

  it('that two classes claim is refused where it is named, with both', () => {
    const problem =
      /^mine\.yaml:9:3: optimizers\.lion: "lion" is the name of 2 optimizers: of @steepest\/optim-lion and of /;
    optimizerClass(optimizerByName('lion').rule, 'LmComparisonTestLion');
    expect(problems(only('  lion:\n    learningRate: 1\n'))[0]).toMatch(problem);
    expect(problems(valid)).toEqual([]);
  });
});
