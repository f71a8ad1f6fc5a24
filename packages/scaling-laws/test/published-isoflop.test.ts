import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fitPowerLaw, isoflopLaw, type Table, tableFromCsv } from '../src/index.ts';

const porian = new URL('../../../../shared/data/laws/porian/', import.meta.url).pathname;

describe.skipIf(!existsSync(porian))("on Porian et al.'s IsoFLOP runs", () => {
  interface Answer {
    readonly sourceFile: string;
    readonly dataset: string;
    readonly hparams: string;
    readonly warmup: string;
    readonly decay: string;
    readonly param_count: string;
    readonly val: string;
    readonly basic: { readonly n_exponent: number };
    readonly weighted: { readonly n_exponent: number };
    readonly bootstrap_weighted: { readonly quantiles: { readonly n_exponent: Record<string, number> } };
  }
  const read = (file: string) =>
    existsSync(porian) ? readFileSync(`${porian}${file}`, 'utf8') : 'source_file\nnone\n';
  const [points, optima] = ['isoflop-points.csv', 'isoflop-optima.csv'].map((file) =>
    tableFromCsv(read(file), file),
  ) as [Table, Table];
  const answers: Answer[] = existsSync(porian) ? JSON.parse(read('answers.json')) : [];
  const settings = answers.map((answer) => {
    const { sourceFile: source_file, dataset, hparams, warmup, decay, param_count, val } = answer;
    const setting: Record<string, string> = {
      source_file,
      dataset,
      hparams,
      warmup,
      decay,
      param_count,
      val,
    };
    const of = (table: Table) =>
      table.where((row) => Object.entries(setting).every(([k, v]) => row[k] === v));
    // The source's own noise, as its configuration states it.
    const noise = dataset === 'rw' ? 0.002 : 0.01;
    return { name: Object.values(setting).join(' '), answer, noise, of };
  });

  it('are of fifteen settings', () => {
    expect(settings).toHaveLength(15);
  });

  it.each(settings)(
    'gives the published lines through the published optima to 4 digits: $name',
    (setting) => {
      const found = setting.of(optima).where(({ n_star }) => n_star !== null);
      const column = (name: string) => found.column(name).map(Number);
      const law = (weights?: number[]) =>
        fitPowerLaw({
          factors: { flops: column('flops') },
          response: column('n_star'),
          ...(weights ? { weights } : {}),
        }).exponents.flops;
      const weights = column('n_star_logstd').map((deviation) => deviation ** -2);
      expect(law()).toBeCloseTo(setting.answer.basic.n_exponent, 4);
      expect(law(weights)).toBeCloseTo(setting.answer.weighted.n_exponent, 4);
    },
  );

  it.each(settings)('finds the published optima, exponent and interval from the runs: $name', (setting) => {
    const { answer, noise, of } = setting;
    // As many draws as the source's.
    const fit = isoflopLaw.fit(of(points), { noise, bootstrap: 1200 });
    const published = of(optima);
    const known = published.where(({ n_star }) => n_star !== null).column('flops');
    expect(fit.optima.map(({ flops }) => flops)).toEqual(known);
    for (const { flops, parameters, logStandardError } of fit.optima) {
      const row = published.where((other) => other.flops === flops);
      // Both are medians of 1,200 draws, on a grid of 2 to 4 %: four standard errors of their difference, and a step.
      const limit = 4 * Math.sqrt(Math.PI / 2) * logStandardError * Math.sqrt(2 / 1200) + 0.04;
      expect(Math.abs(Math.log(parameters / Number(row.column('n_star')[0])))).toBeLessThan(limit);
      // 1,200 draws know a standard deviation to 2 %.
      expect(Math.abs(logStandardError / Number(row.column('n_star_logstd')[0]) - 1)).toBeLessThan(0.2);
    }
    expect(Math.abs(fit.constants.sizeExponent - answer.weighted.n_exponent)).toBeLessThan(0.005);
    const { low, high } = fit.parameters.find(({ name }) => name === 'sizeExponent')!.interval!;
    const ends = answer.bootstrap_weighted.quantiles.n_exponent;
    // Ends of an interval from so many draws wander by a twentieth of its width.
    const room = 0.25 * (ends['0.975']! - ends['0.025']!);
    expect(Math.abs(low - ends['0.025']!)).toBeLessThan(room);
    expect(Math.abs(high - ends['0.975']!)).toBeLessThan(room);
  });

  it('predicts the best size at the three largest budgets within 20 % from the smaller ones', () => {
    for (const { answer, noise, of } of settings.filter(({ answer: { hparams } }) => hparams === 'tuned')) {
      const { holdOut } = isoflopLaw.fit(of(points), { noise, bootstrap: 50, holdOut: { above: 3.2e18 } });
      expect(holdOut!.points).toBe(answer.param_count === 'kaplan' ? 2 : 3);
      expect(holdOut!.worstRelativeError).toBeLessThan(0.2);
    }
  });

  it('comes near the published loss law of the tuned runs, on the budgets it was fitted on: E within 0.05', () => {
    const { of, noise } = settings.find(({ name }) => name.includes('rw tuned short const standard'))!;
    const rows = of(points).where(({ flops }) => Number(flops) < 5e17);
    const { loss } = isoflopLaw.fit(rows, { noise, bootstrap: 1200 }).constants;
    // Published 2.0056 + 128.93 C^-0.10597, by least squares; six points leave E open by several hundredths.
    expect(Math.abs(loss.E - 2.0056)).toBeLessThan(0.05);
    expect(Math.abs(loss.alpha - 0.10597)).toBeLessThan(0.003);
  });
});
