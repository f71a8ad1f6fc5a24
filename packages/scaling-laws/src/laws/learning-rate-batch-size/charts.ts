import type { ChartAxis } from '@steepest/charts';
import { rangeOf } from '../../fitting/numbers.ts';
import { axes, bothSides, equalLine, line, spread } from '../../law/chart-parts.ts';
import type { FittedLaw } from '../../law/fitted-law.ts';
import type { LawChart } from '../../law/law.ts';
import {
  type BySetting,
  type CellEstimate,
  type Coefficients,
  factorsOf,
  predictSetting,
  type SettingLaw,
} from './setting-law.ts';
import type { SettingName } from './sweep.ts';

type Fit = FittedLaw<BySetting<Coefficients>, CellEstimate, { readonly laws: BySetting<SettingLaw> }>;

const settingAxes: Readonly<Record<SettingName, ChartAxis>> = {
  learningRate: { name: 'learning rate', unit: '', scale: 'log' },
  batchTokens: { name: 'batch', unit: 'tokens', scale: 'log' },
};

/** Optima against a setting's law, residuals over compute, and the law beyond the largest cell. */
export function settingCharts(name: SettingName, fit: Fit): LawChart[] {
  const law = fit.details.laws[name];
  if (law === undefined) return [];
  const axis = settingAxes[name];
  const known = (cells: readonly CellEstimate[]) =>
    cells.flatMap((cell) => {
      const { surface } = cell;
      if (!surface?.varied.includes(name) || surface.edges[name] !== undefined) return [];
      const { compute } = factorsOf(cell);
      return [{ best: surface.optimum[name], law: predictSetting(law, cell).value, compute }];
    });
  const optima = { fitted: known(fit.fitted), heldOut: known(fit.heldOut) };
  return [
    {
      kind: 'fit',
      title: `Best ${axis.name} of each cell against the law`,
      x: { ...axis, name: `${axis.name} by the law` },
      y: { ...axis, name: `best ${axis.name}` },
      series: [
        ...bothSides(optima, (own) => [own.law, own.best]),
        equalLine([...optima.fitted, ...optima.heldOut].map((own) => own.law)),
      ],
    },
    {
      kind: 'residuals',
      title: `Residuals of the best ${axis.name} over compute`,
      x: axes.flops,
      y: { ...axes.residual, name: 'log by the law - log best' },
      series: bothSides(optima, (own) => [own.compute, Math.log(own.law / own.best)]),
    },
    beyond(name, law, fit),
  ];
}

/** The largest model, on up to ten times the most tokens. */
function beyond(name: SettingName, law: SettingLaw, fit: Fit): LawChart {
  const { samples } = fit;
  const { confidence } = fit.toJSON();
  const resamples = samples.flatMap((laws) => laws[name] ?? []);
  const parameters = rangeOf(fit.fitted.map((cell) => cell.parameters)).high;
  const { low, high } = rangeOf(fit.fitted.map((cell) => cell.tokens));
  const x = spread(low, 10 * high, 40);
  const at = (own: number) => predictSetting(law, { parameters, tokens: own }, resamples, confidence);
  return {
    kind: 'extrapolation',
    title: `Best ${settingAxes[name].name} of ${parameters} parameters`,
    ...{ x: axes.tokens, y: settingAxes[name] },
    series: [
      {
        ...{ kind: 'band', name: `${Math.round(100 * confidence)} % of new runs`, x },
        low: x.map((own) => at(own).low),
        high: x.map((own) => at(own).high),
      },
      line('law', x, (own) => at(own).value),
    ],
  };
}
