import type { ReportCharts } from './chart-data.ts';
import { meanLoss } from './final-loss.ts';

/** Lines of optimizers in a chart that can be told apart. */
export const mostLines = 8;

/** The charts of as many optimizers as lines can be told apart: the baseline and those that end lowest. */
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
