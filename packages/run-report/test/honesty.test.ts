import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chartData } from '../src/charts/chart-data.ts';
import { collectResults } from '../src/collecting/collect-results.ts';
import { loadResults } from '../src/collecting/load-results.ts';
import { configurationDifferences, mergeResults } from '../src/comparison/compare-results.ts';
import type { Results } from '../src/index.ts';
import { refuseCopy } from '../src/index.ts';
import { writeComparison } from '../src/page/comparison-report.ts';
import { regime } from '../src/page/reading-notes.ts';
import { warnings } from '../src/page/warnings.ts';
import { noWinner } from '../src/page/winner.ts';
import { writeReport } from '../src/page/write-report.ts';
import { shownComparison, shownRanking } from './shown.ts';
import { EXPERIMENT, type SyntheticTrial, trialId, writeRuns } from './synthetic-runs.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'steepest-honesty-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function collect(trials: readonly SyntheticTrial[], name = 'run'): Promise<Results> {
  const folder = join(directory, name);
  await writeRuns(folder, trials);
  return collectResults(folder);
}

async function pageOf(results: Results): Promise<string> {
  const { html } = await writeReport(join(directory, 'page'), results);
  return readFile(html, 'utf8');
}

/** Text of the markup, one space between words. */
function textOf(page: string): string {
  const body = page.slice(page.indexOf('<body>')).replace(/<script[\s\S]*?<\/script>/g, '');
  return body
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replace(/\s+/g, ' ');
}

/** The embedded tokenizer's 4,096 pieces at the width 64 and 2 layers of nano: 623,168 parameters. */
const parameters = 623_168;
const recipe = (member: object, more: object = {}) => ({ recipe: { members: [member], ...more } });

/** Trials of one optimizer with these losses, a seed each. */
function seeds(
  optimizer: string,
  losses: readonly (number | null)[],
  more: Partial<SyntheticTrial> = {},
): SyntheticTrial[] {
  return losses.map((loss, index) => ({
    optimizer,
    learningRate: 1e-3,
    seed: index + 1,
    ...(loss === null ? { status: 'failed' as const, reason: 'no room' } : { loss }),
    ...more,
  }));
}

describe('what ran', () => {
  const hybrid: SyntheticTrial = {
    optimizer: 'muon',
    learningRate: 0.02,
    loss: 5,
    config: {
      recipe: {
        main: 0,
        weightDecay: 0.1,
        weightDecayMode: 'decoupled',
        clipGlobalNorm: false,
        members: [
          { optimizer: 'muon', match: { role: ['attention', 'mlp'] }, options: { learningRate: 0.02 } },
          {
            optimizer: 'adamw',
            options: { learningRate: 0.01, beta2: 0.95 },
            groups: [{ match: { role: 'norm' }, weightDecay: 0 }],
          },
        ],
      },
    },
  };

  it('is shown with every member, group, option, decay mode and clipping, defaults included', async () => {
    const results = await collect([hybrid]);
    const text = textOf(await pageOf(results));
    expect(text).toMatch(
      /Muon role \(attention, mlp\) 0\.02 0\.1 decoupled momentum 0\.95, .*nesterov true, .*updateScale rows, .* not clipped AdamW/,
    );
    expect(text).toContain('AdamW, group role norm the same none the same the same');
    expect(text).toContain(
      'AdamW the others 0.01 0.1 decoupled beta1 0.9, beta2 0.95, epsilon 1e-8, amsgrad false, epsilonPlacement corrected not clipped',
    );
    const { resolved } = results.trials[0]!;
    expect(resolved).toMatchObject({ clipGlobalNorm: null, peakLearningRate: 0.02 });
    expect(resolved!.members.map(({ optimizer }) => optimizer)).toEqual(['muon', 'adamw']);
  });

  it('is in results.json, and read from it', async () => {
    const results = await collect([hybrid]);
    await writeReport(join(directory, 'kept'), results);
    expect((await loadResults(join(directory, 'kept'))).trials[0]!.resolved).toEqual(
      results.trials[0]!.resolved,
    );
  });

  it('is compared option by option, whatever the names say', async () => {
    const member = (weightDecay: number) => ({
      config: recipe({ optimizer: 'adamw', options: { learningRate: 1e-3 } }, { weightDecay }),
    });
    const a = { label: 'a', results: await collect(seeds('adamw', [5.1], member(0.1)), 'a') };
    const b = { label: 'b', results: await collect(seeds('adamw', [5.2], member(0)), 'b') };
    const table = shownComparison(a, b);
    expect(table).toContain(
      'adamw: at its best.members.0.options.weightDecay: 0.1 | 0'.replace('adamw', 'AdamW'),
    );
    expect(table).not.toContain('Settings that differ: None');
    const more = { label: 'c', results: await collect(seeds('adamw', [5.3, 5.4], member(0.1)), 'c') };
    expect(shownComparison(a, more)).toContain('AdamW: seeds: 1 | 1, 2');
    expect(shownComparison(a, { ...a, label: 'again' })).toContain('Settings that differ: None: model, data');
  });
});

describe('before you rely on a result', () => {
  it('lists the first of many names, and the verdict of a page is not said twice', async () => {
    const names = ['adamw', 'lion', 'sgd', 'signum', 'adalayer', 'adafactor', 'nadam', 'radam', 'lamb'];
    const one = (optimizer: string, seed: number, loss: number) => ({
      optimizer,
      learningRate: 1e-3,
      loss,
      seed,
    });
    const results = await collect([
      one('adam', 1, 5),
      one('adam', 2, 5.1),
      ...names.map((name, index) => one(name, 1, 5.2 + index / 10)),
    ]);
    expect(warnings(results)[0]).toMatch(
      /^No optimizer is named the best: they finished with different seeds \(1, 2: Adam; 1: \w+, \w+, \w+, \w+ and 5 more\)/,
    );
    expect(warnings(results).join('\n')).toContain(
      'Fewer than two seeds of the best setting finished for AdamW, Lion, SGD, Signum and 5 more,',
    );
    expect(textOf(await pageOf(results)).split('No optimizer is named the best')).toHaveLength(2);
  });

  it('what most optimizers have in common is said once, and who has something else', async () => {
    const with_ = (optimizer: string, type: string, loss: number): SyntheticTrial => ({
      optimizer,
      learningRate: 1e-3,
      loss,
      config: { schedule: { type } },
    });
    const results = await collect([
      with_('adam', 'study', 5),
      with_('lion', 'study', 5.1),
      with_('sgd', 'study', 5.2),
      with_('schedule-free-adamw', 'constant', 5.3),
      with_('schedule-free-sgd', 'constant', 5.4),
    ]);
    expect(warnings(results)[0]).toMatch(
      /^The optimizers do not share the same schedule \(schedule\.type study; Schedule-free AdamW, Schedule-free SGD: schedule\.type constant\): /,
    );
    const text = textOf(await pageOf(results));
    const [, ranking] = /Ranking(.*)What ran/s.exec(text)!;
    expect(ranking!.match(/schedule\.type constant/g)).toHaveLength(2);
    expect(ranking!.match(/schedule\.type study/g)).toHaveLength(1);
    expect(ranking).toContain('Where a row does not say otherwise: schedule.type study.');
    const warmedUp = (optimizer: string, warmupFraction: number | undefined, loss: number) => ({
      ...with_(optimizer, 'study', loss),
      config: { schedule: { type: 'study', ...(warmupFraction === undefined ? {} : { warmupFraction }) } },
    });
    const absent = await collect(
      [warmedUp('adam', 0.1, 5), warmedUp('lion', 0.1, 5.1), warmedUp('sgd', undefined, 5.2)],
      'absent',
    );
    expect(textOf(await pageOf(absent))).not.toContain('Where a row does not say otherwise');
    const swept = await collect(
      [
        warmedUp('adam', 0.1, 5),
        { ...warmedUp('adam', 0.2, 5.3), learningRate: 3e-3 },
        warmedUp('lion', 0.1, 5.1),
        warmedUp('sgd', 0.1, 5.2),
      ],
      'swept',
    );
    expect(warnings(swept).join('\n')).toContain(
      '(schedule.warmupFraction 0.1; Adam: schedule.warmupFraction 0.2)',
    );
    const halves = await collect([with_('adam', 'study', 5), with_('sgd', 'constant', 5.2)], 'halves');
    expect(textOf(await pageOf(halves))).not.toContain('Where a row does not say otherwise');
  });

  it('trials that had more cores are named, since their times do not compare', async () => {
    const of = (optimizer: string, threads?: { least: number; most: number }): SyntheticTrial => ({
      optimizer,
      learningRate: 1e-3,
      loss: 5,
      ...(threads ? { threads } : {}),
    });
    const alone = { least: 1, most: 1 };
    const even = warnings(await collect([of('adam', alone), of('lion', alone), of('sgd')])).join('\n');
    expect(even).not.toMatch(/threads/);
    const helped = warnings(await collect([of('adam', alone), of('lion', { least: 1, most: 2 })], 'h'));
    expect(helped.join('\n')).toContain(
      'Lion worked on more threads in some steps, on cores that other trials had left',
    );
    const uneven = warnings(await collect([of('adam', alone), of('lion', { least: 2, most: 2 })], 'u'));
    expect(uneven.join('\n')).toContain('not work on the same number of threads (1 for Adam; 2 for Lion)');
  });

  it('a model that n-gram counts beat is flagged, and lines show what they reach', async () => {
    const baselines = {
      unigram: 6.386,
      bigram: 5.353,
      trigram: 5.2,
      trainTokens: 102_400,
      validationTokens: 8192,
    };
    const folder = join(directory, 'counted');
    const runs = (losses: Record<string, number>) =>
      writeRuns(
        folder,
        Object.entries(losses).flatMap(([name, loss]) => seeds(name, [loss, loss + 0.01], { parameters })),
        { ...EXPERIMENT, baselines },
      );
    await runs({ adam: 5, lion: 5.2 });
    const results = await collectResults(folder);
    expect(results.baselines).toEqual(baselines);
    expect(warnings(results)).toContain(
      'Lion (5.2050) ended less than 0.3 nats below a table of which token follows which, or above it: bigram counts on the same training text predict the validation text with a loss of 5.3530.',
    );
    expect(chartData(results).ngrams).toEqual([
      { title: 'unigram', loss: 6.386 },
      { title: 'bigram', loss: 5.353 },
      { title: 'trigram', loss: 5.2 },
    ]);
    // 102,400 tokens for the 98,304 parameters of the blocks of nano.
    expect(regime(results)).toMatch(
      /^Each trial reads 1\.0 tokens per parameter of the blocks, far fewer than the 20/,
    );
    expect(textOf(await pageOf(results))).toContain('5.3530 for bigrams');
    await runs({ adam: 5.6, lion: 5.4 });
    expect(warnings(await collectResults(folder))).toContainEqual(
      expect.stringMatching(
        /^No model is 0\.3 nats better than a table of which token follows which: .* 5\.3530\./,
      ),
    );
    await runs({ adam: 5, lion: 5.02 });
    expect(warnings(await collectResults(folder)).join()).not.toContain('bigram');
  });

  it('a loss near that of a guess is flagged, with the guess', async () => {
    const found = warnings(
      await collect([
        { optimizer: 'adam', learningRate: 1e-3, loss: 5, parameters },
        { optimizer: 'lion', learningRate: 1e-3, loss: 8.29, parameters },
      ]),
    );
    // ln 4096 = 8.3178.
    expect(found.join('\n')).toContain(
      'Lion (8.2900) learned next to nothing: guessing among 4096 tokens has a loss of ln 4096 = 8.3178',
    );
    expect(found.join('\n')).not.toContain('Adam (5.0000)');
  });

  it.each([
    ['independent', 0.1, '10 %'],
    ['decoupled', 0.1, undefined],
    ['decoupled', 20, '2 %'],
    ['l2', 0.1, undefined],
    ['independent', 1e-4, undefined],
  ])('%s decay of %d at a rate of 1e-3 takes %s a step', async (weightDecayMode, weightDecay, percent) => {
    const member = { optimizer: 'lion', options: { learningRate: 1e-3 } };
    const config = recipe(member, { weightDecay, weightDecayMode });
    const found = warnings(await collect(seeds('lion', [5], { config }))).join('\n');
    if (percent === undefined) expect(found).not.toContain('Weight decay takes');
    else expect(found).toContain(`Weight decay takes ${percent} of every weight of Lion away in each step`);
  });

  it('decay of a single group counts, and a lower rate of its member', async () => {
    const group = { match: { role: 'norm' }, weightDecay: 0.5, learningRate: 1e-4 };
    const member = { optimizer: 'lion', options: { learningRate: 1e-3 }, groups: [group] };
    const found = warnings(await collect(seeds('lion', [5], { config: recipe(member) }))).join('\n');
    // 0.5 at the peak of 1e-3 is 0.05 at the group's own 1e-4.
    expect(found).toContain('Weight decay takes 5 % of every weight of Lion');
  });

  it('an optimum at the edge of any grid is said, but not that nothing is below 0', async () => {
    const of = (seed: number, settings: Record<string, number>, loss: number): SyntheticTrial => ({
      optimizer: 'adam',
      learningRate: 1e-3,
      settings,
      loss,
      // The seed makes the names of the folders differ.
      seed,
      config: { seed: 1 },
    });
    const results = await collect([
      of(1, { beta1: 0.8, weightDecay: 0 }, 5),
      of(2, { beta1: 0.9, weightDecay: 0 }, 5.1),
      of(3, { beta1: 0.8, weightDecay: 0.1 }, 5.2),
    ]);
    expect(results.optimizers[0]!.edges).toEqual([{ key: 'beta1', end: 'lowest', value: 0.8 }]);
    expect(warnings(results).join('\n')).toContain(
      'Adam did best at beta1 0.8, the lowest tried: a lower value may do better.',
    );
  });

  it('unequal seeds name no winner, in the page and in the terminal', async () => {
    const results = await collect([...seeds('adam', [5, 5.1, 5.2]), ...seeds('lion', [4.9, null, null])]);
    const text = textOf(await pageOf(results));
    expect(text).toContain(
      'No optimizer is named the best: they finished with different seeds (Adam 1, 2, 3; Lion 1)',
    );
    expect(text).not.toContain('reached the lowest final validation loss');
    expect(text).toContain("Lion's best setting finished with 1 of its 3 seeds");
    expect(text).toContain('2 trials of Lion failed with an error');
    expect(shownRanking(results)).toContain('No optimizer is named the best');
    expect(results.significance.tooFewSeeds).toEqual(['lion']);
  });

  it('a setting whose seeds did not all finish comes after one that is complete', async () => {
    const results = await collect([
      ...seeds('adam', [5, 5.1]),
      ...seeds('adam', [4.5, null]).map((trial) => ({ ...trial, learningRate: 1e-2 })),
    ]);
    expect(results.optimizers[0]).toMatchObject({ best: 'adam-lr0.001-seed1', seeds: 2, seedsTried: 2 });
  });

  it('a finished trial without a loss is a failed one', async () => {
    await writeRuns(join(directory, 'run'), seeds('adam', [5]));
    const summary = join(directory, 'run', 'adam-lr0.001-seed1', 'summary.json');
    await writeFile(
      summary,
      (await readFile(summary, 'utf8')).replace('"finalValidationLoss":5', '"finalValidationLoss":null'),
    );
    const results = await collectResults(join(directory, 'run'));
    expect(results.trials[0]).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('without a final'),
    });
  });
});

describe('a copy', () => {
  const three = [...seeds('adam', [5, 5.02, 5.01]), ...seeds('lion', [5.1, 5.11, 5.13])];

  it('of a folder is refused', async () => {
    await collect(three, 'a');
    await cp(join(directory, 'a'), join(directory, 'b'), { recursive: true });
    const [a, b] = await Promise.all(
      ['a', 'b'].map(async (label) => ({ label, results: await loadResults(join(directory, label)) })),
    );
    expect(() => refuseCopy(a!, b!)).toThrow(
      /b holds no result that a does not: all of its 6 finished trials/,
    );
  });

  it('of some trials counts once: p-values are those without it', async () => {
    const a = { label: 'a', results: await collect(three, 'a') };
    const alone = a.results.significance.pairs[0]!;
    const b = {
      label: 'b',
      results: await collect([...three.slice(0, 3), ...seeds('sgd', [6, 6.01, 6.02])], 'b'),
    };
    const table = shownComparison(a, b);
    expect(table).toContain('Adam (b) have the same seeds and losses as those of Adam (a)');
    await writeComparison(join(directory, 'x.html'), a, b);
    const both = { label: 'b', results: await collect(three.slice(0, 3), 'only') };
    const page = join(directory, 'y.html');
    await writeComparison(page, a, both);
    const p = /p ([\d.e-]+)<\/small>/.exec(await readFile(page, 'utf8'))![1];
    expect(Number(p)).toBeCloseTo(Number(alone.p.toPrecision(2)), 10);
  });

  it('of a trial within a folder is left out, and said', async () => {
    await writeRuns(join(directory, 'run'), three);
    const [first] = three;
    const config = JSON.parse(await readFile(join(directory, 'run', trialId(first!), 'config.json'), 'utf8'));
    const copy = join(directory, 'run', 'copy');
    await cp(join(directory, 'run', trialId(first!)), copy, { recursive: true });
    await writeFile(join(copy, 'config.json'), JSON.stringify({ ...config, id: 'copy' }));
    const results = await collectResults(join(directory, 'run'));
    expect(results.repeated).toHaveLength(1);
    expect(results.optimizers[0]).toMatchObject({ seeds: 3, trials: 3 });
    expect(warnings(results).join('\n')).toContain(
      '1 trial repeats the optimizer, settings and seed of another',
    );
  });

  it('of an optimizer under another name is no further evidence', async () => {
    const renamed = three.slice(0, 3).map((trial) => ({ ...trial, optimizer: 'signum' }));
    const alone = await collect(three, 'alone');
    const { significance } = await collect([...three, ...renamed], 'with');
    expect(significance.copies).toEqual([{ name: 'signum', of: 'adam' }]);
    expect(significance.pairs).toEqual(alone.significance.pairs);
  });

  it('of an update rule whose sums are rounded in another order is no further evidence, and a close loss is', async () => {
    const within = (excess: number) =>
      three.slice(0, 3).map((trial) => ({ ...trial, optimizer: 'signum', loss: trial.loss! + excess }));
    const rounded = await collect([...three, ...within(4e-8)], 'rounded');
    expect(rounded.significance.copies).toEqual([{ name: 'signum', of: 'adam' }]);
    expect(warnings(rounded).join('\n')).toContain(
      'The trials of Signum have the same seeds and losses as those of Adam, but for rounding',
    );
    const close = await collect([...three, ...within(1e-4)], 'close');
    expect(close.significance.copies).toEqual([]);
  });
});

describe('results of other text', () => {
  it('are not compared', async () => {
    const a = { label: 'a', results: await collect(seeds('adam', [5, 5.1], { parameters }), 'a') };
    const other = { parameters, config: { data: { source: 'other' } } };
    const b = { label: 'b', results: await collect(seeds('adam', [4, 4.1], other), 'b') };
    expect(shownComparison(a, b)).toContain(
      'No optimizer is named the best: they were not evaluated on the same text (data differ)',
    );
  });
});

describe('a file from elsewhere', () => {
  const attack = '</style><script>alert(1)</script><img src=x onerror=alert(1)>"\'';

  it('puts no markup into a page, whichever of its texts holds it', async () => {
    const hostile: SyntheticTrial = {
      optimizer: attack.replaceAll('/', ''),
      learningRate: 1e-3,
      status: 'failed',
      reason: attack,
      settings: { [attack]: attack },
      config: {
        id: attack,
        versions: { [attack]: attack },
        data: { source: attack },
        schedule: { type: attack },
      },
    };
    await mkdir(join(directory, 'run'), { recursive: true });
    await writeRuns(join(directory, 'run'), seeds('adam', [5]), {
      name: attack,
      description: attack,
      model: { size: attack },
      optimizers: [{ name: 'adam', title: attack }],
      backend: { name: attack, reason: attack },
      machine: { cpu: attack, cores: 2, node: attack },
    });
    await writeRuns(join(directory, 'other'), [{ ...hostile, optimizer: 'x' }]);
    const config = JSON.parse(
      await readFile(
        join(directory, 'other', trialId({ ...hostile, optimizer: 'x' }), 'config.json'),
        'utf8',
      ),
    );
    await cp(join(directory, 'other', trialId({ ...hostile, optimizer: 'x' })), join(directory, 'run', 'x'), {
      recursive: true,
    });
    await writeFile(
      join(directory, 'run', 'x', 'config.json'),
      JSON.stringify({ ...config, optimizer: attack }),
    );
    const results = await collectResults(join(directory, 'run'));
    const page = await pageOf(results);
    const comparison = join(directory, 'comparison.html');
    await writeComparison(comparison, { label: attack, results }, { label: 'b', results });
    for (const written of [page, await readFile(comparison, 'utf8')]) {
      expect(written.match(/<script/g)).toHaveLength(2);
      expect(written).not.toContain('<img');
      expect(written.match(/<\/style>/g)).toHaveLength(2);
    }
  });

  it.each([
    ['a status of its own', { status: '<b>finished</b>' }, /trials\.0\.status/],
    ['a seed that is text', { seed: '<script>' }, /trials\.0\.seed/],
    [
      'another final loss than its curve',
      { finalValidationLoss: 4 },
      /trials\.0\.finalValidationLoss: .*last/,
    ],
    ['a loss that is text', { finalValidationLoss: '5' }, /trials\.0\.finalValidationLoss/],
    ['a role that leaves the folder', { layers: { '../../x': [] } }, /trials\.0\.layers/],
    ['no curve', { curve: null }, /trials\.0\.curve/],
    [
      'an optimizer that is not listed',
      { optimizer: 'mine' },
      /trials\.0\.optimizer: is none of the optimizers/,
    ],
  ])('that holds %s is refused with its place', async (_, change, place) => {
    const results = await collect(seeds('adam', [5]));
    await mkdir(join(directory, 'kept'));
    const changed = { ...results, trials: [{ ...results.trials[0]!, ...change }] };
    await writeFile(join(directory, 'kept', 'results.json'), JSON.stringify(changed));
    await expect(loadResults(join(directory, 'kept'))).rejects.toThrow(place);
  });

  it('says that trials read other text where its files have changed between them', async () => {
    const text = (textHash: string) => ({ config: { textHash } });
    const results = await collect([...seeds('adam', [5], text('a1')), ...seeds('lion', [4], text('b2'))]);
    expect(results.shared).toMatchObject({ differing: ['text'] });
    expect(results.shared).not.toHaveProperty('textHash');
    expect(noWinner(results)).toMatch(/^they were not evaluated on the same text \(text differ\)/);
    // Of one optimizer they are no seeds of one setting.
    const adam = await collect(
      [...seeds('adam', [5], text('a1')), ...seeds('adam', [4, 4], text('b2')).slice(1)],
      'adam',
    );
    expect(adam.optimizers[0]).toMatchObject({ seeds: 1, settings: 2 });
  });

  it('says so of two results, and nothing where one does not say what text it is of', async () => {
    const of = async (name: string, textHash?: string) => {
      const config = textHash === undefined ? {} : { textHash };
      return { label: name, results: await collect(seeds('adam', [5], { config }), name) };
    };
    const [a, b, same, old] = [await of('a', 'a1'), await of('b', 'b2'), await of('c', 'a1'), await of('d')];
    expect(a.results.shared.textHash).toBe('a1');
    const keys = (other: typeof a) =>
      configurationDifferences(a.results, other.results).map(({ key }) => key);
    expect(mergeResults(a, b).shared.differing).toEqual(['text']);
    expect(keys(b)).toEqual(['textHash']);
    for (const other of [same, old]) {
      expect(mergeResults(a, other).shared.differing).toEqual([]);
      expect(keys(other)).toEqual([]);
    }
  });

  it('says so where two results were trained by other versions, and keeps none by trial where all are one', async () => {
    const of = async (name: string, tfjs: string) => {
      const config = { versions: { steepest: '0.1.0', tfjs } };
      return { label: name, results: await collect(seeds('adam', [5], { config }), name) };
    };
    const [a, b, same] = [await of('e', '4.21.0'), await of('f', '4.22.0'), await of('g', '4.21.0')];
    expect(mergeResults(a, b).shared.differing).toEqual(['versions']);
    expect(mergeResults(a, same).shared.differing).toEqual([]);
    expect(a.results.trials[0]).not.toHaveProperty('versions');
  });

  it('gives way to run files beside it, which may have trials that it lacks', async () => {
    const folder = join(directory, 'gathered');
    await writeReport(folder, await collect(seeds('adam', [5, 6])));
    await writeRuns(folder, seeds('adam', [5, 6, 7]), null);
    expect((await loadResults(folder)).trials).toHaveLength(3);
  });

  it.skipIf(process.platform === 'win32')(
    'has the trials of folders that were moved and linked to',
    async () => {
      const folder = join(directory, 'run');
      await writeRuns(folder, seeds('adam', [5, 6]));
      const [trial] = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
      await rename(join(folder, trial!.name), join(directory, 'moved'));
      await symlink(join(directory, 'moved'), join(folder, trial!.name));
      expect((await collectResults(folder)).trials).toHaveLength(2);
    },
  );

  it.each([
    ['results.json', '"finalValidationLoss": 5.5', '"finalValidationLoss": 5.4'],
    ['results.json', '"seed":1', '"seed":7'],
  ])('is refused where a number in it was changed: %s', async (name, from, to) => {
    const folder = join(directory, 'kept');
    await writeReport(folder, await collect(seeds('adam', [5, 6])));
    expect((await loadResults(folder)).trials).toHaveLength(2);
    const file = join(folder, name);
    const text = await readFile(file, 'utf8');
    expect(text).toContain(from);
    await writeFile(file, text.replace(from, to));
    await expect(loadResults(folder)).rejects.toThrow(`${file} is damaged or was edited`);
  });

  it.each([
    [
      'optimizers.1.name: names an optimizer twice',
      ({ optimizers, ...rest }: Results) => ({ ...rest, optimizers: [optimizers[0]!, ...optimizers] }),
    ],
    [
      'trials.2.id: is the id of a trial before it',
      ({ trials, ...rest }: Results) => ({ ...rest, trials: [...trials, { ...trials[0]!, seed: 9 }] }),
    ],
    [
      'trials.0.curve.validation: the steps do not ascend',
      ({ trials, ...rest }: Results) => ({
        ...rest,
        trials: trials.map(({ curve, ...trial }) => ({
          ...trial,
          curve: { ...curve, validation: [...curve.validation, ...curve.validation] },
        })),
      }),
    ],
  ])('of which "%s" is refused', async (problem, change) => {
    const results = await collect(seeds('adam', [5, 5.1]));
    await mkdir(join(directory, 'kept'));
    await writeFile(join(directory, 'kept', 'results.json'), JSON.stringify(change(results)));
    await expect(loadResults(join(directory, 'kept'))).rejects.toThrow(problem);
  });

  it('does not decide what follows from its trials', async () => {
    const results = await collect([...seeds('adam', [5, 5.1]), ...seeds('lion', [6, 6.1])]);
    await mkdir(join(directory, 'kept'));
    const forged = {
      ...results,
      baseline: 'lion',
      significance: { ...results.significance, pairs: [] },
      optimizers: results.optimizers.map((one) => ({ ...one, finalValidationLoss: 1 })),
    };
    await writeFile(join(directory, 'kept', 'results.json'), JSON.stringify(forged));
    const read = await loadResults(join(directory, 'kept'));
    expect(read.optimizers).toEqual(results.optimizers);
    expect(read.significance).toEqual(results.significance);
  });

  it('sends no commands to a terminal', async () => {
    const results = await collect(seeds('adam', [5]));
    await mkdir(join(directory, 'kept'));
    const title = '\u001b[31mAdam\u0007';
    const changed = { ...results, optimizers: [{ ...results.optimizers[0]!, title }] };
    await writeFile(join(directory, 'kept', 'results.json'), JSON.stringify(changed));
    const table = shownRanking(await loadResults(join(directory, 'kept')));
    expect(table).not.toContain('\u001b');
    expect(table).not.toContain('\u0007');
    expect(table).toContain('\\u001b[31mAdam\\u0007');
  });
});

describe('trials that were planned and have no folder', () => {
  const planned = async (name: string, trials: number, recorded: readonly SyntheticTrial[]) => {
    const folder = join(directory, name);
    await writeRuns(folder, recorded, { ...EXPERIMENT, trials });
    return collectResults(folder);
  };
  const three = seeds('adam', [5, 5.1, 5.2]);
  const sentence = (all: number, missing: string) =>
    `Of ${all} trials that were planned, ${missing} never recorded: they have not begun, or their folders are gone. Nothing here counts them.`;
  const toldOf = (results: Results) => warnings(results).filter((warning) => warning.includes('planned'));

  it('are counted in one warning, also from results.json and beside another run', async () => {
    const results = await planned('some', 5, three);
    expect(toldOf(results)).toEqual([sentence(5, '2 were')]);
    expect(textOf(await pageOf(results))).toContain(sentence(5, '2 were'));
    expect(toldOf(await loadResults(join(directory, 'page')))).toEqual([sentence(5, '2 were')]);
    const whole = await planned('whole', 1, seeds('lion', [5]));
    const [first, second] = [results, whole].map((one, index) => ({ label: `run ${index}`, results: one }));
    // 3 + 1 recorded, and 2 that are not.
    expect(toldOf(mergeResults(first!, second!))).toEqual([sentence(6, '2 were')]);
  });

  it('are none where all are recorded, more than planned, copied, or nothing says how many there are', async () => {
    expect(toldOf(await planned('all', 3, three))).toEqual([]);
    expect(toldOf(await planned('more', 2, three))).toEqual([]);
    expect(toldOf(await collect(three, 'unknown'))).toEqual([]);
    await planned('copied', 4, three);
    await cp(join(directory, 'copied', trialId(three[0]!)), join(directory, 'copied', 'copy'), {
      recursive: true,
    });
    expect(toldOf(await collectResults(join(directory, 'copied')))).toEqual([]);
  });

  it('are left to the progress while a trial runs', async () => {
    await planned('live', 4, [...three.slice(1), { ...three[0]!, killed: true }]);
    expect(toldOf(await collectResults(join(directory, 'live'), { live: true }))).toEqual([]);
    expect(toldOf(await collectResults(join(directory, 'live')))).toEqual([sentence(4, '1 was')]);
  });
});
