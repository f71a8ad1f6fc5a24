import type { ChartSeries } from '@steepest/charts';
import { leastBy, rangeOf } from '../../fitting/numbers.ts';
import { axes, line, points, residuals, spread } from '../../law/chart-parts.ts';
import type { FittedLaw } from '../../law/fitted-law.ts';
import type { LawChart } from '../../law/law.ts';
import { runsOf, type SuRow } from './search.ts';
import { minimumLoss, type SuConstants, trajectoryLoss } from './trajectory.ts';

/** Runs whose curves are drawn; more could not be told apart. */
const mostRuns = 12;

/** Curves and the law's, residuals over steps, and a model ten times the largest. */
export function suCharts(fit: FittedLaw<SuConstants, SuRow, unknown>): LawChart[] {
  const { constants, fitted, heldOut } = fit;
  const loss = { ...axes.loss, scale: 'log' } as const;
  const curves = runsOf(fitted);
  const stride = Math.ceil(curves.length / mostRuns);
  const largest = leastBy([...fitted, ...heldOut], ({ parameters }) => -parameters);
  const { low, high } = rangeOf(fitted.map(({ steps }) => steps));
  const beyond = spread(low, 10 * high);
  const model = (times: number): ChartSeries[] => {
    const [parameters, { batchTokens }] = [times * largest.parameters, largest];
    const least = minimumLoss(constants, parameters);
    return [
      line(runName(parameters, batchTokens), beyond, (own) =>
        trajectoryLoss(constants, { parameters, steps: own, batchTokens }),
      ),
      line(`${short(parameters)} parameters, at the end`, beyond, () => least),
    ];
  };
  return [
    {
      ...{ kind: 'fit', title: 'Loss curves and the law', x: axes.steps, y: loss },
      series: curves.filter((_, index) => index % stride === 0).flatMap((rows) => drawn(constants, rows)),
    },
    residuals(fit, axes.steps, 'Residuals over steps'),
    {
      ...{ kind: 'extrapolation', title: 'The largest model, and one ten times as large' },
      ...{ x: axes.steps, y: loss },
      series: [...runsOf(heldOut).flatMap((rows) => drawn(constants, rows)), ...[1, 10].flatMap(model)],
    },
  ];
}

function drawn(constants: SuConstants, rows: readonly SuRow[]): ChartSeries[] {
  const { parameters, batchTokens } = rows[0]!;
  const { low, high } = rangeOf(rows.map(({ steps }) => steps));
  const name = runName(parameters, batchTokens);
  return [
    points(name, rows, ({ steps, loss }) => [steps, loss]),
    line(`${name}: law`, spread(low, high), (steps) =>
      trajectoryLoss(constants, { parameters, steps, batchTokens }),
    ),
  ];
}

function runName(parameters: number, batchTokens: number): string {
  return `${short(parameters)} parameters, ${short(batchTokens)} tokens per step`;
}

function short(value: number): string {
  return value.toLocaleString('en', { notation: 'compact', maximumSignificantDigits: 3 });
}
