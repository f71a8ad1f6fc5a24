import type { ChartSeries, LawChart } from '../../law/law.ts';
import { runsOf, type SuRow } from './coordinates.ts';
import { minimumLoss, type SuConstants, trajectoryLoss } from './trajectory.ts';

/** Points of a drawn line. */
const resolution = 60;
/** Runs whose curves are drawn; more could not be told apart. */
const mostRuns = 12;

/** Charts of a fit: curves and the law's, residuals over steps, and a model ten times the largest. */
export function suCharts(
  constants: SuConstants,
  fitted: readonly SuRow[],
  heldOut: readonly SuRow[],
): LawChart[] {
  const steps = { name: 'steps', unit: 'steps', scale: 'log' } as const;
  const loss = { name: 'loss', unit: 'nats/token', scale: 'log' } as const;
  const curves = runsOf(fitted);
  const stride = Math.ceil(curves.length / mostRuns);
  const largest = [...fitted, ...heldOut].reduce((most, row) =>
    row.parameters > most.parameters ? row : most,
  );
  const beyond = spread(
    Math.min(...fitted.map((row) => row.steps)),
    10 * Math.max(...fitted.map((row) => row.steps)),
  );
  return [
    {
      kind: 'fit',
      title: 'Loss curves and the law',
      x: steps,
      y: loss,
      series: curves.filter((_, index) => index % stride === 0).flatMap((rows) => drawn(constants, rows)),
    },
    {
      kind: 'residuals',
      title: 'Residuals over steps',
      x: steps,
      y: { name: 'log predicted - log measured', unit: '', scale: 'linear' },
      series: [
        { name: 'fitted', rows: fitted },
        { name: 'held out', rows: heldOut },
      ].flatMap(({ name, rows }): ChartSeries[] =>
        rows.length === 0
          ? []
          : [
              {
                kind: 'points',
                name,
                x: rows.map((row) => row.steps),
                y: rows.map((row) => Math.log(trajectoryLoss(constants, row) / row.loss)),
              },
            ],
      ),
    },
    {
      kind: 'extrapolation',
      title: 'The largest model, and one ten times as large',
      x: steps,
      y: loss,
      series: [
        ...runsOf(heldOut).flatMap((rows) => drawn(constants, rows)),
        ...[1, 10].flatMap((times): ChartSeries[] => {
          const parameters = times * largest.parameters;
          const { batchTokens } = largest;
          const least = minimumLoss(constants, parameters);
          return [
            {
              kind: 'line',
              name: `${short(parameters)} parameters, ${short(batchTokens)} tokens per step`,
              x: beyond,
              y: beyond.map((own) => trajectoryLoss(constants, { parameters, steps: own, batchTokens })),
            },
            {
              kind: 'line',
              name: `${short(parameters)} parameters, at the end`,
              x: beyond,
              y: beyond.map(() => least),
            },
          ];
        }),
      ],
    },
  ];
}

function drawn(constants: SuConstants, rows: readonly SuRow[]): ChartSeries[] {
  const { parameters, batchTokens } = rows[0]!;
  const own = rows.map((row) => row.steps);
  const x = spread(Math.min(...own), Math.max(...own));
  const name = `${short(parameters)} parameters, ${short(batchTokens)} tokens per step`;
  return [
    { kind: 'points', name, x: own, y: rows.map((row) => row.loss) },
    {
      kind: 'line',
      name: `${name}: law`,
      x,
      y: x.map((at) => trajectoryLoss(constants, { parameters, steps: at, batchTokens })),
    },
  ];
}

function short(value: number): string {
  return value.toLocaleString('en', { notation: 'compact', maximumSignificantDigits: 3 });
}

function spread(low: number, high: number): number[] {
  const step = Math.log(high / low) / (resolution - 1);
  return Array.from({ length: resolution }, (_, index) => low * Math.exp(index * step));
}
