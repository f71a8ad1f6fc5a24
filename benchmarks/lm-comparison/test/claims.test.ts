import { fileURLToPath } from 'node:url';
import { experimentsIn, readExperiment } from '@steepest/experiments';
import { describe, expect, it } from 'vitest';
import { claims } from '../src/claims.ts';
import { claimsPage, type StudyResults, studyExperiments } from '../src/claims-page.ts';
import { bestLosses, type JudgedTrial, judgeComparable, judgeLower, sensitivities } from '../src/evidence.ts';

const experiments = fileURLToPath(new URL('../experiments/', import.meta.url));

const bySeed = (losses: readonly number[]) => new Map(losses.map((loss, index) => [index + 1, loss]));
const pair = (a: readonly number[], b: readonly number[]) => [
  { name: 'a and b', a: bySeed(a), b: bySeed(b) },
];
/** Losses of three seeds about `loss`, which differ by more than what `own` they do not share with other optimizers. */
const around = (loss: number, own = 0) => [loss - 0.1 - own, loss + 0.1 + 2 * own, loss - own];

function trial(
  optimizer: string,
  learningRate: number,
  seed: number,
  loss: number | 'diverged',
): JudgedTrial {
  return {
    optimizer,
    settings: { learningRate },
    variation: {},
    seed,
    status: loss === 'diverged' ? 'diverged' : 'finished',
    finalValidationLoss: loss === 'diverged' ? null : loss,
    initialValidationLoss: 9,
  };
}

describe('the rule of a claim', () => {
  it('calls a loss lower only where the seeds show it', () => {
    expect(judgeLower(pair(around(5, 0.004), around(5.1))).verdict).toBe('supported');
    expect(judgeLower(pair(around(5.1), around(5, 0.004))).verdict).toBe('contradicted');
    expect(judgeLower(pair(around(5, 0.004), around(5.001))).verdict).toBe('undecided');
    expect(judgeLower(pair([5], [6])).verdict).toBe('undecided');
    expect(judgeLower(pair([], [])).verdict).toBe('not run');
  });

  it('calls losses comparable only within the margin, and apart only beyond it', () => {
    expect(judgeComparable(pair(around(5, 0.004), around(5.01))).verdict).toBe('supported');
    expect(judgeComparable(pair(around(5.01), around(5, 0.004))).verdict).toBe('supported');
    expect(judgeComparable(pair(around(5, 0.004), around(5.1))).verdict).toBe('contradicted');
    expect(judgeComparable(pair(around(5.1), around(5, 0.004))).verdict).toBe('contradicted');
    // On the margin's edge, and where the seeds scatter too much to say.
    expect(judgeComparable(pair(around(5, 0.004), around(5.05))).verdict).toBe('undecided');
    expect(judgeComparable(pair(around(5, 0.05), around(5))).verdict).toBe('undecided');
  });

  it('needs every comparison to support a claim and one to contradict it', () => {
    const good = pair(around(5, 0.004), around(5.1));
    expect(judgeLower([...good, ...pair(around(5, 0.004), around(5.001))]).verdict).toBe('undecided');
    expect(judgeLower([...good, ...pair(around(5.2, 0.004), around(5))]).verdict).toBe('contradicted');
    expect(judgeLower([...good, ...pair(around(5), [])]).verdict).toBe('undecided');
    expect(judgeLower([...good, ...pair(around(5.2, 0.004), around(5))]).evidence).toMatch(
      /supported<br>.*\(\+0\.200 .*contradicted$/,
    );
    expect(judgeLower(good).evidence).toBe('a and b: 5.000 and 5.100 (-0.100 ± 0.004; 3 seeds), supported');
  });

  it('compares the seeds that both have', () => {
    const [ours] = pair(around(5, 0.004), []);
    const other = { ...ours!, b: new Map([...bySeed([5, 5.2, 5.1]), [4, 9]]) };
    expect(judgeLower([other]).evidence).toBe(
      'a and b: 5.000 and 5.100 (-0.100 ± 0.004; 3 seeds), supported',
    );
  });
});

describe('the numbers of a claim', () => {
  const trials = [
    ...[1, 2].map((seed) => trial('adam', 1, seed, 5 + seed / 100)),
    ...[1, 2].map((seed) => trial('adam', 2, seed, seed === 1 ? 4 : 'diverged')),
    ...[1, 2].map((seed) => trial('adam', 3, seed, 6)),
  ];

  it('are those of the best setting that no seed diverged at', () => {
    expect(bestLosses({ trials }, 'adam')).toEqual(
      new Map([
        [1, 5.01],
        [2, 5.02],
      ]),
    );
    expect(bestLosses({ trials }, 'sgd').size).toBe(0);
  });

  it('count what a wrong value costs, and a diverged trial by the loss it began with', () => {
    const [first, second] = sensitivities({ trials }, 'adam').values();
    expect(first).toBeCloseTo((5.01 + 4 + 6) / 3 - 4, 12);
    expect(second).toBeCloseTo((5.02 + 9 + 6) / 3 - 5.02, 12);
  });
});

describe('the page of claims', () => {
  it('asks only for optimizers that its experiments have', async () => {
    const files = await experimentsIn(experiments);
    for (const { experiment, judge } of claims) {
      const { optimizers } = await readExperiment(files.get(experiment)!);
      // Every optimizer clearly better than the one before leaves no comparison without its losses.
      const trials = Object.keys(optimizers).flatMap((name, index) =>
        [1, 2, 3].flatMap((seed) =>
          [1, 2].map((rate) => trial(name, rate, seed, 5 + index + rate + seed / 1000)),
        ),
      );
      expect(judge({ trials }).evidence).not.toContain('no losses');
      expect(judge({ trials }).evidence).not.toBe('');
    }
    for (const name of studyExperiments) expect(files.has(name)).toBe(true);
  });

  it('says what was not run, and judges what was', () => {
    const trials = ['adam', 'signum', 'lion', 'adafactor', 'adalayer', 'sgd'].flatMap((name) =>
      around(name === 'sgd' ? 6 : 5, { adam: 0.004, sgd: 0.002 }[name]).map((loss, seed) =>
        trial(name, 1, seed, loss),
      ),
    );
    const results = {
      experiment: { name: 'learning-rate', model: { size: 'nano' } },
      trials,
      backend: null,
      machine: null,
      date: null,
    };
    const page = claimsPage(new Map([['learning-rate', results as unknown as StudyResults]]));
    expect(page).toMatch(
      /Signum recovers the performance of Adam\. \| .* \| supported \| signum and adam: 5\.000 and 5\.000/,
    );
    expect(page).toMatch(/SGD does worse than all of them\. \| .* \| supported \|/);
    expect(page).toMatch(/without QK-norm and z-loss as well\. \| .* \| not run \|/);
    expect(page).toMatch(/It needs both.* \| not run \|/);
    expect(page).toContain('| [learning-rate](learning-rate/report.html) | nano | 18 | 3 | 0 | 0 |');
  });
});
