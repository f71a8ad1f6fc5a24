import { beforeAll, describe, expect, it } from 'vitest';
import { ExperimentError } from '../src/definition/experiment-error.ts';
import { entryTitle, loadOptimizers } from '../src/definition/installed-optimizers.ts';
import { scales } from '../src/definition/limits.ts';
import { parseExperiment, readExperiment } from '../src/definition/read-experiment.ts';
import { trialsOf } from '../src/definition/trials.ts';
import { bundledExperiments } from './bundled-experiments.ts';

beforeAll(async () => void (await loadOptimizers()));

const head = `name: mine
model: { size: nano }
budget: { steps: 100, batchSize: 2, contextLength: 16 }
optimizers:
`;

function trials(text: string) {
  return trialsOf(parseExperiment(text, 'mine.yaml'), { backend: 'wasm', versions: {} });
}

/** The message about an experiment that must not be run. */
function refusal(text: string): string {
  try {
    parseExperiment(text, 'mine.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(ExperimentError);
    return (error as Error).message;
  }
  throw new Error('the experiment was accepted');
}

describe('YAML that is not an experiment', () => {
  const nested = (depth: number) => `${'{ a: '.repeat(depth)}1${' }'.repeat(depth)}`;
  const bomb = Array.from({ length: 9 }, (_, level) => {
    const values = level === 0 ? 'x' : `*a${level - 1}`;
    return `a${level}: &a${level} [${new Array(9).fill(values).join(', ')}]`;
  }).join('\n');

  it.each([
    ['aliases that multiply it', bomb, /not valid YAML: its aliases .* multiply it/],
    ['an alias of its own list', 'a: &a [*a]', /an alias .* refers to a value that it is part of/],
    [
      'an alias of its own group',
      'a: &a { b: { c: *a } }',
      /an alias .* refers to a value that it is part of/,
    ],
    ['a merge of itself', 'a: &a\n  <<: *a\n  b: 1', /aliases .* refer to themselves/],
    ['depth', nested(5_000), /nested more than 100 levels deep/],
    ['less depth', nested(200), /nested more than 100 levels deep/],
    ['a tag', 'a: !!js/function "x"', /not valid YAML: Unresolved tag/],
    ['a key that is a list', '? [a]\n: 1', /a key must be a word/],
    ['several documents', 'a: 1\n---\nb: 1', /several documents/],
    ['UTF-16', 'n\0a\0m\0e\0', /not text in UTF-8/],
    ['compressed text', '\u001f\uFFFD\b', /not text in UTF-8/],
    ['length', `a: ${'x'.repeat(1_000_001)}`, /1,000,006 characters|characters; an experiment has at most/],
  ])('for %s is refused in one line', (_, text, message) => {
    const said = refusal(text);
    expect(said).toMatch(/^mine\.yaml:/);
    expect(said).toMatch(message);
    expect(said.split('\n')).toHaveLength(1);
  });

  it('has no key of JavaScript’s own', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(refusal(`${head}  ${name}: { learningRate: 1 }\n`)).toContain(`unknown key "${name}"`);
    }
  });
});

describe('merge keys', () => {
  it('take options from another optimizer, under those of its own', () => {
    const [first, second] = trials(
      `${head}  adam: &a { learningRate: 1e-3, beta1: 0.8 }\n  b: { <<: *a, optimizer: adam, beta1: 0.7 }\n`,
    );
    expect(first!.recipe.members[0]!.options).toEqual({ learningRate: 1e-3, beta1: 0.8 });
    expect(second!.recipe.members[0]!.options).toEqual({ learningRate: 1e-3, beta1: 0.7 });
  });
});

describe('a value of another kind', () => {
  it.each([
    ['.inf', 'must be a finite number, got Infinity (number)'],
    ['-.inf', 'must be a finite number, got -Infinity (number)'],
    ['.nan', 'must be a finite number, got NaN (number)'],
    ['[1, .inf]', 'must be a finite number, got Infinity (number)'],
    ['"1e-3"', 'got "1e-3" (string); without quotes: 1e-3'],
    ['1_000', 'got "1_000" (string); YAML writes numbers as 1000, 0.001 or 1e-3'],
    ['"0,001"', 'got "0,001" (string); YAML writes numbers as 1000, 0.001 or 1e-3'],
    ['1/1000', 'got "1/1000" (string); YAML writes numbers as 1000, 0.001 or 1e-3'],
    ['yes', 'must be a number or a list, or one of these by scale, got "yes" (string)'],
    ['[1e-3, 0.001]', 'repeats the value 0.001'],
  ])('is told as it is written: learningRate: %s', (value, message) => {
    expect(refusal(`${head}  adam: { learningRate: ${value} }\n`)).toContain(message);
  });

  it('is no title when it holds commands to a terminal', () => {
    expect(refusal(`${head}  adam: { learningRate: 1, title: "\\e[31mAdam" }\n`)).toContain(
      'title: must be one line of printable characters, got "\\u001b[31mAdam"',
    );
  });

  it('is no seed when models and data do not take it', () => {
    expect(refusal(`${head}  adam: { learningRate: 1 }\nseeds: [4294967296]\n`)).toContain(
      'seeds.0: must be at most 4294967295',
    );
  });

  it.each([
    ['lr', 'learningRate'],
    ['eps', 'epsilon'],
    ['betas', 'beta1", "beta2'],
    ['weight_decay', 'weightDecay'],
    ['clipnorm', 'clipGlobalNorm'],
    ['adam_beta2', 'beta2'],
    ['momentum', 'beta1'],
    ['max_norm', 'clipGlobalNorm'],
  ])('under a name of other libraries, %s, is told by its name here', (key, name) => {
    expect(refusal(`${head}  adam: { learningRate: 1, ${key}: 1 }\n`)).toContain(`did you mean "${name}"?`);
  });
});

it.each(['rho', 'beta3', 'rank', 'nesterov'])(
  '%s, which Adam has not, suggests nothing that it has',
  (key) => {
    expect(refusal(`${head}  adam: { learningRate: 1, ${key}: 1 }\n`)).toContain(
      `unknown key "${key}" (known keys: learningRate, beta1, beta2`,
    );
  },
);

it('a key that holds commands to a terminal is shown as their escapes', () => {
  expect(refusal(`${head}  "\\e[31m\\nadam": { learningRate: 1 }\n`)).toMatch(
    /^mine\.yaml:5:3: optimizers\.\\u001b\[31m\\u000aadam: unknown key "\\u001b\[31m\\u000aadam"/,
  );
});

describe('a grid', () => {
  it('of ten thousand million combinations is counted, not made', () => {
    const list = `[${Array.from({ length: 100 }, (_, index) => index / 200).join(', ')}]`;
    const rates = `[${Array.from({ length: 100 }, (_, index) => index + 1).join(', ')}]`;
    const options = ['beta1', 'beta2', 'epsilon', 'weightDecay'].map((key) => `${key}: ${list}`).join(', ');
    expect(refusal(`${head}  adam: { learningRate: ${rates}, ${options} }\n`)).toBe(
      'mine.yaml:5:3: optimizers.adam: spans 10,000,000,000 trials (100 of learningRate × 100 of beta1 × 100 of beta2 × ' +
        '100 of epsilon × 100 of weightDecay), more than the 100,000 of an experiment; shorten the lists',
    );
  });
});

describe('an optimizer that would not get what it needs', () => {
  it('such as Muon alone is refused with the YAML to write, which is accepted', () => {
    const said = refusal(`${head}  muon:\n    learningRate: 0.02\n`);
    expect(said).toMatch(
      /^mine\.yaml:5:3: optimizers\.muon: Muon cannot train \d+ of the model's parameters, such as "blocks\/0\/attention\/norm\/weight" of shape \[64\]/,
    );
    const yaml = said.split('\n').slice(1).join('\n');
    const [trial] = trials(`${head}${yaml}\n`);
    expect(trial!.recipe).toEqual({
      main: 0,
      members: [
        { optimizer: 'muon', match: { role: ['attention', 'mlp'] }, options: { learningRate: 0.02 } },
        { optimizer: 'adamw', options: { learningRate: 1e-3 } },
      ],
    });
  });

  it('such as a member with vectors is refused with their roles', () => {
    const members = '[{ optimizer: adam, match: { role: embedding }, learningRate: 1 }, { optimizer: muon }]';
    expect(refusal(`${head}  mixed: { learningRate: 1, members: ${members} }\n`)).toMatch(
      /members\.1: Muon cannot train .*: give norm to another member by its match/,
    );
  });

  it('by its settings is not so where a group gives it others', () => {
    const scion = (groups: string) =>
      `${head}  scion: { learningRate: 1e-3, norm: spectral, groups: [${groups}] }\n`;
    expect(refusal(scion('{ match: { role: lastLayer }, norm: sign }'))).toMatch(/Scion cannot train/);
    expect(trials(scion('{ match: { role: norm }, norm: biasRms }'))).toHaveLength(1);
  });

  it('such as Sophia has its curvature refreshed as in the paper, every ten steps, unless the file says otherwise', () => {
    const every = (more: string) =>
      trials(`${head}  sophia: { learningRate: 1${more} }\n`)[0]!.recipe.refreshEvery;
    expect([every(''), every(', refreshEvery: 3')]).toEqual([10, 3]);
    expect(refusal(`${head}  adam: { learningRate: 1, refreshEvery: 3 }\n`)).toContain('unknown key');
    expect(refusal(`${head}  sophia: { learningRate: 1, batchTokens: 480 }\n`)).toContain(
      'batchTokens: must be left out: the trainer',
    );
  });
});

describe('the members of a hybrid', () => {
  it('leave the compared learning rate to the hybrid, which says so where it is missing', () => {
    const members = '[{ optimizer: lion, match: { role: mlp }, learningRate: 1 }, { optimizer: adamw }]';
    expect(refusal(`${head}  mixed: { members: ${members} }\n`)).toMatch(
      /optimizers\.mixed\.learningRate: is missing: the learning rate that is compared is given beside members, for the one member without one/,
    );
  });

  it('name it where it is called as an optimizer is', () => {
    const { optimizers } = parseExperiment(
      `${head}  muon: { learningRate: 0.02, members: [{ optimizer: muon, match: { role: [attention, mlp] } }, { optimizer: adamw, learningRate: 1 }] }
  mine: { learningRate: 0.02, members: [{ optimizer: lion, match: { role: mlp } }, { optimizer: adamw, learningRate: 1 }] }\n`,
      'mine.yaml',
    );
    const named = Object.entries(optimizers).map(([name, entry]) => entryTitle(name, entry));
    expect(named).toEqual(['Muon + AdamW', 'mine']);
  });

  const of = (members: string) => `${head}  mixed: { learningRate: 0.02, members: [${members}] }\n`;
  const muon = 'optimizer: muon, match: { role: [attention, mlp] }';

  it.each([
    [
      'all have a rate',
      `{ ${muon}, learningRate: 1 }, { optimizer: adam, learningRate: 1 }`,
      /members: must leave the learning rate of one to the hybrid/,
    ],
    ['two have none', `{ ${muon} }, { optimizer: adam }`, /members\.0: needs a learningRate of its own/],
    [
      'one but the last has no match',
      '{ optimizer: adam }, { optimizer: lion, learningRate: 1 }',
      /members\.0: needs a match/,
    ],
    [
      'they leave parameters',
      `{ ${muon} }, { optimizer: adam, match: { role: norm }, learningRate: 1 }`,
      /members: leaves 2 of the model's parameters, such as "embedding\/weight"/,
    ],
    [
      'one takes what another has',
      `{ ${muon} }, { optimizer: lion, match: { role: mlp }, learningRate: 1 }, { optimizer: adam, learningRate: 1 }`,
      /members\.1\.match: role "mlp" selects only parameters that those before it take/,
    ],
  ])('are refused when %s', (_, members, message) => {
    expect(refusal(of(members))).toMatch(message);
  });
});

describe('a group that matches nothing', () => {
  it.each([
    [
      '{ name: bias }',
      /groups\.0\.match: name "bias" selects no parameter of this model, which has the names embedding/,
    ],
    ['{ name: ["**/norm/weight", "*.bias"] }', /name "\*\.bias" selects no parameter/],
    ['{ role: norm, name: head/weight }', /none has both this role and this name/],
    ['{}', /must say a role, a name, or both/],
  ])('is refused with what there is: %s', (match, message) => {
    expect(
      refusal(`${head}  adam: { learningRate: 1, groups: [{ match: ${match}, weightDecay: 0 }] }\n`),
    ).toMatch(message);
  });

  it('because the head is the embedding, or because an earlier group has it, is refused', () => {
    const groups = (list: string, more = '') =>
      `${head}  adam: { learningRate: 1, groups: [${list}]${more} }\n`;
    expect(
      refusal(groups('{ match: { role: lastLayer }, weightDecay: 1 }', ', model: { tieEmbeddings: true }')),
    ).toMatch(
      /role "lastLayer" selects no parameter of this model, which has the roles embedding, norm, attention, mlp/,
    );
    expect(
      refusal(
        groups(
          '{ match: { role: norm }, weightDecay: 1 }, { match: { name: "**/norm/weight" }, weightDecay: 2 }',
        ),
      ),
    ).toMatch(
      /groups\.1\.match: name "\*\*\/norm\/weight" selects only parameters that those before it take/,
    );
  });
});

describe('what would change nothing', () => {
  it.each([
    [
      'two names for one optimizer',
      '  adam: { learningRate: 1 }\n  b: { optimizer: adam, learningRate: [1, 2] }',
      /optimizers\.b: would train the same as adam does/,
    ],
    [
      'a default written out',
      '  adam: { learningRate: 1, beta1: [0.9, 0.95] }\n  b: { optimizer: adam, learningRate: 1 }',
      /optimizers\.b: would train the same as adam does/,
    ],
    [
      'shares of a step',
      '  adam: { learningRate: 1 }\nsweep: { schedule.warmupFraction: [0.1, 0.101] }',
      /twice, as .*: between them schedule\.warmupFraction changes nothing/,
    ],
    [
      'a sweep of an unused share',
      '  adam: { learningRate: 1 }\nsweep: { schedule.decayFraction: [0.1, 0.2] }',
      /schedule\.decayFraction changes nothing/,
    ],
    [
      'a mode of no decay',
      '  adam: { learningRate: 1, weightDecayMode: [decoupled, l2] }',
      /weightDecayMode changes nothing/,
    ],
    [
      'a share that a schedule does not use',
      '  adam: { learningRate: 1 }\nschedule: { type: constant, endFactor: 0.1 }',
      /schedule: has endFactor, which study, cosine, linear and warmupStableDecay use, but the schedule is "constant"/,
    ],
    [
      'a share that its own schedule does not use',
      '  adam: { learningRate: 1, schedule: { decayFraction: 0.1 } }',
      /adam\.schedule: has decayFraction, which warmupStableDecay uses/,
    ],
  ])('is refused: %s', (_, text, message) => {
    expect(refusal(`${head}${text}\n`)).toMatch(message);
  });

  it('is in none of the bundled experiments, at any scale', async () => {
    for (const file of (await bundledExperiments()).values()) {
      const { scale: own } = await readExperiment(file);
      // One without a scale has a size of its own, which a scale would not change.
      if (own !== undefined) for (const scale of scales) await readExperiment(file, scale);
    }
  });
});

describe('weight decay', () => {
  it('has its mode at every level, the innermost counting', () => {
    const [trial] = trials(`${head}  mixed:
    learningRate: 0.02
    weightDecay: 0.1
    weightDecayMode: decoupled
    members:
      - { ${'optimizer: muon'}, match: { role: [attention, mlp] }, weightDecayMode: independent, weightDecay: 1e-4 }
      - optimizer: adamw
        learningRate: 1e-3
        groups: [{ match: { role: norm }, weightDecay: 0.01, weightDecayMode: l2 }]
`);
    const [muon, adamw] = trial!.resolved!.members;
    expect(muon!.options).toMatchObject({
      weightDecay: 1e-4,
      weightDecayMode: 'independent',
      momentum: 0.95,
    });
    expect(adamw!.options).toMatchObject({ weightDecay: 0.1, weightDecayMode: 'decoupled', beta2: 0.999 });
    expect(adamw!.groups).toEqual([{ match: { role: 'norm' }, weightDecay: 0.01, weightDecayMode: 'l2' }]);
    expect(trial!.resolved).toMatchObject({ clipGlobalNorm: 1, refreshEvery: null, peakLearningRate: 0.02 });
  });
});
