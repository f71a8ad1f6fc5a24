// cspell:ignore adma
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { experimentJsonSchema, loadOptimizers, parseExperiment } from '../src/index.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const yamlOptions = { merge: true };

let problemsOf: (text: string) => string;
beforeAll(async () => {
  await loadOptimizers();
  const validate = new Ajv({
    strict: true,
    strictTypes: false,
    strictRequired: false,
    allErrors: false,
  }).compile(experimentJsonSchema());
  problemsOf = (text) => (validate(parse(text, yamlOptions)) ? '' : JSON.stringify(validate.errors));
});

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => `${folder}/${file}`);

/** The experiments of this repository, and those in its guides. */
const files = [...filesIn('benchmarks/lm-comparison/experiments'), ...filesIn('benchmarks/scaling-laws/src')];
const examples = ['docs/getting-started.md', 'docs/experiments.md', 'packages/cli/README.md'].flatMap(
  (file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/^```yaml\n(name: .*?)^```/gms)].map(([, text]) => ({
      file,
      text: text!,
    })),
);

describe('the JSON Schema of experiments', () => {
  it.each(files)('accepts %s, which names it', (file) => {
    const text = readFileSync(join(root, file), 'utf8');
    expect(problemsOf(text)).toBe('');
    const [, address] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)!;
    expect(join(root, file, '..', address!)).toBe(join(root, 'packages/experiments/experiment.schema.json'));
  });

  it.each(examples)('accepts an example of $file', ({ text }) => {
    expect(problemsOf(text)).toBe('');
  });

  const experiment = (more: string) => `
name: mine
model: { size: nano }
budget: { steps: 300, batchSize: 8, contextLength: 64 }
${more}
`;
  // That parseExperiment refuses them as well shows that the schema is no stricter than the file.
  it.each([
    ['an unknown key', 'evaluations: 8\noptimizers: { adam: { learningRate: 1e-3 } }'],
    ['an unknown optimizer', 'optimizers: { adma: { learningRate: 1e-3 } }'],
    ['an option of another optimizer', 'optimizers: { lion: { learningRate: 1e-3, epsilon: 1e-8 } }'],
    ['an option out of range', 'optimizers: { adam: { learningRate: 1e-3, beta2: 1 } }'],
    ['a rate of zero', 'optimizers: { adam: { learningRate: [1e-3, 0] } }'],
    ['no rate', 'optimizers: { adam: { beta1: 0.9 } }'],
    ['text for a number', 'seeds: [one]\noptimizers: { adam: { learningRate: 1e-3 } }'],
    ['an unknown scale', 'optimizers: { adam: { learningRate: { huge: 1e-3 } } }'],
    ['an unknown optimizer in a variant', 'optimizers: { mine: { optimizer: adma, learningRate: 1e-3 } }'],
    [
      'another option in a variant',
      'optimizers: { mine: { optimizer: lion, learningRate: 1e-3, epsilon: 1 } }',
    ],
    ['a name of its own that says nothing', 'optimizers: { mine: { learningRate: 1e-3 } }'],
    ['one member', 'optimizers: { mine: { learningRate: 1, members: [{ optimizer: sgd }] } }'],
    [
      'another option in a member',
      'optimizers: { mine: { learningRate: 1, members: [{ optimizer: lion, match: { role: norm }, learningRate: 1, epsilon: 1 }, { optimizer: sgd }] } }',
    ],
    [
      'a match of an unknown role',
      'optimizers: { adam: { learningRate: 1, groups: [{ match: { role: head } }] } }',
    ],
    ['no optimizer', 'optimizers: {}'],
  ])('refuses %s, as parseExperiment does', (_, more) => {
    expect(problemsOf(experiment(more))).not.toBe('');
    expect(() => parseExperiment(experiment(more), 'mine.yaml')).toThrow();
  });

  it.each([
    [
      'a value by scale',
      'scale: nano\noptimizers: { adam: { learningRate: { nano: 1e-2, paper: [1e-3, 3e-3] } } }',
    ],
    [
      'a hybrid named after an optimizer',
      'optimizers: { muon: { learningRate: 1e-2, members: [{ optimizer: muon, match: { role: [attention, mlp] } }, { optimizer: adamw, learningRate: 3e-3 }] } }',
    ],
    ['no clipping', 'optimizers: { adam: { learningRate: 1e-2, clipGlobalNorm: false } }'],
  ])('accepts %s, as parseExperiment does', (_, more) => {
    expect(problemsOf(experiment(more))).toBe('');
    expect(() => parseExperiment(experiment(more), 'mine.yaml')).not.toThrow();
  });

  it('says what every key means', () => {
    const schema = experimentJsonSchema();
    expect(Object.values(schema.properties!).filter(({ description }) => description === undefined)).toEqual(
      [],
    );
    const { 'optimizer-adam': adam } = schema.definitions as Record<string, typeof schema>;
    // The words of Adam's own record.
    expect(adam!.properties!.beta1!.description).toBe('Decay of the first moment');
  });
});
