import type { ReportCharts } from './chart-data.ts';
import { meanLoss } from './final-loss.ts';

/** Lines of optimizers in a chart that can be told apart. */
export const mostLines = 8;

/** The charts of no more optimizers than there are lines that can be told apart: the baseline and those that end lowest. */
export function withFewLines(charts: ReportCharts): ReportCharts {
  const loss = (one: ReportCharts['optimizers'][number]) =>
    one.losses.length === 0 ? Number.MAX_VALUE : meanLoss(one);
  const isBaseline = ({ title }: { title: string }) => title === charts.baseline?.title;
  const [first, others] = [
    charts.optimizers.filter(isBaseline),
    charts.optimizers.filter((one) => !isBaseline(one)),
  ];
  const lowest = others.sort((a, b) => loss(a) - loss(b)).slice(0, mostLines - first.length);
  const kept = new Set([...first, ...lowest]);
  return { ...charts, optimizers: charts.optimizers.filter((one) => kept.has(one)) };
}

/**
 * Whether two lines share color and dashes, and so differ by their symbols alone, which lines of many points and the legend of
 * dashed ones lack.
 */
export function looksCoincide({ optimizers }: ReportCharts): boolean {
  const looks = new Set(optimizers.map(({ mark }) => `${mark.light} ${mark.dashed === true}`));
  return looks.size < optimizers.length;
}

/** Says which of all optimizers those of {@link withFewLines} are; `undefined` where they are all. */
export function whoseLines(few: ReportCharts, all: ReportCharts): string | undefined {
  if (few.optimizers.length === all.optimizers.length) return undefined;
  const baseline = few.optimizers.find(({ title }) => title === all.baseline?.title);
  const also = baseline === undefined ? '' : `, and ${baseline.title}`;
  return `${few.optimizers.length} of ${all.optimizers.length} optimizers: those that end lowest${also}`;
}
