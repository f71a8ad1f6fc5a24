import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadOptimizers } from '../src/definition/installed-optimizers.ts';
import { parseExperiment } from '../src/definition/read-experiment.ts';
import { type TrialConfig, trialsOf } from '../src/definition/trials.ts';
import { refuseChangedSettings } from '../src/execution/frozen-config.ts';
import { runTrial } from '../src/training/train-trial.ts';

await loadOptimizers();

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steepest-changed-text-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The one trial of an experiment on a text of one's own. */
function trialOn(file: string, textHash?: string): TrialConfig {
  const experiment = parseExperiment(
    `name: own
model: { size: nano }
data: { source: { train: ${file} }, validationFraction: 0.5 }
budget: { steps: 4, batchSize: 1, contextLength: 4 }
evaluation: { points: 2, sequences: 1 }
optimizers: { sgd: { learningRate: 1 } }
`,
    'own.yaml',
  );
  const environment = {
    backend: 'cpu',
    versions: {},
    ...(textHash === undefined ? {} : { textHash }),
  } as const;
  return trialsOf(experiment, environment)[0]!;
}

async function trained(config: TrialConfig): Promise<void> {
  const directory = join(folder, config.trial);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'config.json'), JSON.stringify(config));
  await writeFile(join(directory, 'metrics.jsonl'), '{"kind":"train","step":1,"loss":4}\n');
}

it('a folder is not continued with other text under the same path', async () => {
  const now = trialOn('text.txt', 'b2');
  await trained(trialOn('text.txt', 'a1'));
  const refused = 'content of the text (textHash): was "a1", is now "b2"';
  await expect(refuseChangedSettings(folder, [now])).rejects.toThrow(refused);
  // Nor by other trials than those that are there.
  await expect(refuseChangedSettings(folder, [{ ...now, trial: 'another' }])).rejects.toThrow(refused);
  await trained(trialOn('text.txt', 'b2'));
  await refuseChangedSettings(folder, [now]);
  // Trials of earlier versions do not say what they read.
  await trained(trialOn('text.txt'));
  await refuseChangedSettings(folder, [now]);
});

it('a trial does not train on another text than the others, as on a machine with another copy of it', async () => {
  const file = join(folder, 'text.txt');
  await writeFile(file, 'One two three four five six.\n\nSeven eight nine ten eleven twelve.\n'.repeat(4));
  const surroundings = {
    directory: join(folder, 'trial'),
    cacheDirectory: join(folder, 'cache'),
    checkpoint: { every: 10, keep: 1 },
    signal: new AbortController().signal,
  };
  const planned = trialOn(file, '0'.repeat(64));
  const hash = /its tokens have the hash ([0-9a-f]{64}), and config\.json says 0{64}/;
  const refusal: Error = await runTrial(planned, surroundings).then(
    () => expect.unreachable(),
    (error: Error) => error,
  );
  expect(refusal.message).toMatch(hash);
  const [, right] = hash.exec(refusal.message)!;
  expect(await runTrial(trialOn(file, right), surroundings)).toMatchObject({ status: 'finished', steps: 4 });
});
