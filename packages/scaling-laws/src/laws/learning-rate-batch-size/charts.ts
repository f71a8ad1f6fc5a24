import type { ChartAxis, ChartSeries, LawChart } from '../../law/law.ts';
import type { CellEstimate, LearningRateBatchSizeRecord } from './learning-rate-batch-size-fit.ts';
import { factorsOf, predictSetting, type SettingLaw } from './setting-law.ts';
import { type SettingName, settingNames } from './sweep.ts';

/** Points of a drawn line. */
const resolution = 40;

const axes: Readonly<Record<SettingName, ChartAxis>> = {
  learningRate: { name: 'learning rate', unit: '', scale: 'log' },
  batchTokens: { name: 'batch', unit: 'tokens', scale: 'log' },
};

/** Charts of each setting's law: optima against the law, residuals over compute, and the law beyond the largest cell. */
export function learningRateBatchSizeCharts(record: LearningRateBatchSizeRecord): LawChart[] {
  return settingNames.flatMap((name) => {
    const law = record.laws[name];
    return law === undefined ? [] : chartsOf(name, law, record);
  });
}

function chartsOf(
  name: SettingName,
  law: SettingLaw,
  { cells, heldOut, confidence }: LearningRateBatchSizeRecord,
): LawChart[] {
  const axis = axes[name];
  const sides = [
    { side: 'fitted', optima: optimaOf(name, law, cells) },
    { side: 'held out', optima: optimaOf(name, law, heldOut) },
  ].filter(({ optima }) => optima.length > 0);
  const points = (of: (optimum: Optimum) => readonly [number, number]): ChartSeries[] =>
    sides.map(({ side, optima }) => ({
      kind: 'points',
      name: side,
      x: optima.map((optimum) => of(optimum)[0]),
      y: optima.map((optimum) => of(optimum)[1]),
    }));
  const said = sides.flatMap(({ optima }) => optima.map(({ law: value }) => value));
  const ends = [Math.min(...said), Math.max(...said)];
  return [
    {
      kind: 'fit',
      title: `Best ${axis.name} of each cell against the law`,
      x: { ...axis, name: `${axis.name} by the law` },
      y: { ...axis, name: `best ${axis.name}` },
      series: [...points((own) => [own.law, own.best]), { kind: 'line', name: 'equal', x: ends, y: ends }],
    },
    {
      kind: 'residuals',
      title: `Residuals of the best ${axis.name} over compute`,
      x: { name: 'compute', unit: 'FLOPs', scale: 'log' },
      y: { name: 'log by the law - log best', unit: '', scale: 'linear' },
      series: points((own) => [own.compute, Math.log(own.law / own.best)]),
    },
    beyond(name, law, cells, confidence),
  ];
}

interface Optimum {
  readonly best: number;
  readonly law: number;
  readonly compute: number;
}

function optimaOf(name: SettingName, law: SettingLaw, cells: readonly CellEstimate[]): Optimum[] {
  return cells.flatMap((cell) => {
    const { surface } = cell;
    if (!surface?.varied.includes(name) || surface.edges[name] !== undefined) return [];
    const { compute } = factorsOf(cell);
    return [{ best: surface.optimum[name], law: predictSetting(law, cell).value, compute }];
  });
}

/** The largest model, on up to ten times the most tokens. */
function beyond(
  name: SettingName,
  law: SettingLaw,
  cells: readonly CellEstimate[],
  confidence: number,
): LawChart {
  const parameters = Math.max(...cells.map((cell) => cell.parameters));
  const tokens = cells.map((cell) => cell.tokens);
  const [low, high] = [Math.min(...tokens), 10 * Math.max(...tokens)];
  const x = Array.from(
    { length: resolution },
    (_, index) => low * (high / low) ** (index / (resolution - 1)),
  );
  const said = x.map((own) => predictSetting(law, { parameters, tokens: own }, confidence));
  return {
    kind: 'extrapolation',
    title: `Best ${axes[name].name} of ${parameters} parameters`,
    x: { name: 'tokens', unit: 'tokens', scale: 'log' },
    y: axes[name],
    series: [
      {
        kind: 'band',
        name: `${Math.round(100 * confidence)} % of new runs`,
        x,
        low: said.map((value) => value.low),
        high: said.map((value) => value.high),
      },
      { kind: 'line', name: 'law', x, y: said.map(({ value }) => value) },
    ],
  };
}
