import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SuConstants } from '@steepest/scaling-laws';
import { logSpacedSteps } from '@steepest/trainer';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SuOutcome } from '../src/su/outcome.ts';
import { runSuExperiment } from '../src/su/su-experiment.ts';
import type { TrainFile } from '../src/training/run-file.ts';
import { type WrittenTrial, writeTrial } from './run-files.ts';

const truth: SuConstants = { Nc: 2e9, alphaN: 0.12, Sc: 120, alphaS: 0.6, Bstar: 3e8, alphaB: 0.15 };
const heldOut: WrittenTrial = { name: 'w128-b16', modelWidth: 128, layers: 2, batchSize: 16, steps: 1200 };

let folder: string;
let printed: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'su-experiment-'));
  printed = [];
  vi.spyOn(console, 'log').mockImplementation((text: string) => printed.push(text));
});

afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

/** Writes run files in the place of training them, at the steps where the trainer would have evaluated. */
function trainByLaw(constants = truth): TrainFile {
  let draws = 0;
  const noise = () => {
    draws += 1;
    return 0.004 * Math.sin(12.9898 * draws);
  };
  return async (_, { out }) => {
    const trials = out.endsWith('held-out')
      ? [heldOut]
      : [16, 32, 64].flatMap((modelWidth) =>
          [8, 16, 32, 64].map((batchSize) => ({
            name: `w${modelWidth}-b${batchSize}`,
            modelWidth,
            layers: 2,
            batchSize,
            steps: 12_800 / batchSize,
          })),
        );
    for (const trial of trials) {
      await writeTrial(out, trial, constants, logSpacedSteps(trial.steps, 16), noise);
    }
    return 'ended';
  };
}

const options = () => ({
  out: join(folder, 'out'),
  results: join(folder, 'results'),
  fromStep: 30,
  bootstrap: 20,
});
const read = (file: string) => readFile(join(folder, file), 'utf8');

describe('the experiment', () => {
  it('states its prediction before the run is trained, and then how it came out', async () => {
    const train = trainByLaw();
    let before = '';
    const ended = await runSuExperiment(options(), async (file, runOptions) => {
      if (runOptions.out.endsWith('held-out')) {
        expect(existsSync(join(folder, 'out', 'prediction.json'))).toBe(true);
        before = printed.join('\n');
      }
      return train(file, runOptions);
    });
    expect(ended).toBe('ended');
    expect(before).toMatch(/Predicted for w128-b16 on 20/);
    // The steps of src/su/held-out.yaml from 30 on.
    expect(before).toMatch(/\| 1200 +\| +\d\.\d{3} \|/);
    expect(before).not.toMatch(/measured/);
    const { points, worstRelativeError, inside, errorOfLargestFitted, meanAbsoluteError } = JSON.parse(
      await read('results/outcome.json'),
    ) as SuOutcome;
    expect(points.map(({ steps }) => steps)).toEqual(logSpacedSteps(1200, 16).filter((step) => step >= 30));
    // Noise of 0.4 % in what is fitted and what is measured.
    expect(worstRelativeError).toBeLessThan(0.02);
    expect(inside).toBeGreaterThan(0.7 * points.length);
    expect(errorOfLargestFitted).toBeGreaterThan(3 * meanAbsoluteError);
    const page = await read('results/README.md');
    expect(page).toContain('393,216 parameters');
    for (const { measured } of points) expect(page).toContain(` ${measured.toFixed(3)} |`);
  });

  it('keeps a prediction once made, whatever comes after', async () => {
    const interrupted = await runSuExperiment(options(), async (file, runOptions) =>
      runOptions.out.endsWith('held-out') ? 'interrupted' : trainByLaw()(file, runOptions),
    );
    expect(interrupted).toBe('interrupted');
    expect(existsSync(join(folder, 'results'))).toBe(false);
    const made = await read('out/prediction.json');
    // A second sweep with other losses would predict something else.
    await runSuExperiment(options(), trainByLaw({ ...truth, alphaN: 0.2 }));
    expect(await read('out/prediction.json')).toBe(made);
    expect(await read('results/prediction.json')).toBe(made);
    const { meanAbsoluteError } = JSON.parse(await read('results/outcome.json')) as SuOutcome;
    expect(meanAbsoluteError).toBeGreaterThan(0.5);
  });

  it('refuses a run that was begun before its prediction', async () => {
    await mkdir(join(folder, 'out', 'held-out'), { recursive: true });
    await writeFile(join(folder, 'out', 'held-out', 'experiment.json'), '{}');
    await expect(runSuExperiment(options(), trainByLaw())).rejects.toThrow(
      /held-out was begun before there was a prediction; remove it/,
    );
  });

  it('stops where training stops, and predicts nothing from half a sweep', async () => {
    expect(await runSuExperiment(options(), async () => 'interrupted')).toBe('interrupted');
    expect(existsSync(join(folder, 'out', 'prediction.json'))).toBe(false);
  });
});
