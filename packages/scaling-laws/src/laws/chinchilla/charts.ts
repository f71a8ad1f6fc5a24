import { trainingFlops } from '../../compute.ts';
import type { LawChart } from '../../law.ts';
import { optimalAllocation } from './allocation.ts';
import { type ChinchillaConstants, type ChinchillaRow, chinchillaLoss } from './surface.ts';

/** Points of a drawn line. */
const resolution = 60;

/** Charts of a fit: loss along N for each compute, residuals over compute, and the best loss beyond the data. */
export function chinchillaCharts(
  constants: ChinchillaConstants,
  fitted: readonly ChinchillaRow[],
  heldOut: readonly ChinchillaRow[],
): LawChart[] {
  const flops = { name: 'compute', unit: 'FLOPs', scale: 'log' } as const;
  const loss = { name: 'loss', unit: 'nats/token', scale: 'linear' } as const;
  const sides = [
    { name: 'fitted', rows: fitted },
    { name: 'held out', rows: heldOut },
  ].filter(({ rows }) => rows.length > 0);
  const computes = [...fitted, ...heldOut].map(trainingFlops);
  const line = spread(Math.min(...computes), 100 * Math.max(...computes));
  const losses = [...fitted, ...heldOut].map((row) => row.loss);
  const ends = [Math.min(...losses), Math.max(...losses)];
  return [
    {
      kind: 'fit',
      title: 'Predicted against measured loss',
      x: { ...loss, name: 'measured loss' },
      y: { ...loss, name: 'predicted loss' },
      series: [
        ...sides.map(({ name, rows }) => ({
          kind: 'points' as const,
          name,
          x: rows.map((row) => row.loss),
          y: rows.map((row) => chinchillaLoss(constants, row)),
        })),
        { kind: 'line', name: 'equal', x: ends, y: ends },
      ],
    },
    {
      kind: 'residuals',
      title: 'Residuals over compute',
      x: flops,
      y: { name: 'log predicted - log measured', unit: '', scale: 'linear' },
      series: sides.map(({ name, rows }) => ({
        kind: 'points',
        name,
        x: rows.map(trainingFlops),
        y: rows.map((row) => Math.log(chinchillaLoss(constants, row) / row.loss)),
      })),
    },
    {
      kind: 'extrapolation',
      title: 'Lowest loss for a compute',
      x: flops,
      y: loss,
      series: [
        ...sides.map(({ name, rows }) => ({
          kind: 'points' as const,
          name,
          x: rows.map(trainingFlops),
          y: rows.map((row) => row.loss),
        })),
        {
          kind: 'line',
          name: 'best size and tokens, by the fit',
          x: line,
          y: line.map((compute) => optimalAllocation(constants, compute).loss),
        },
      ],
    },
  ];
}

function spread(low: number, high: number): number[] {
  const step = Math.log(high / low) / (resolution - 1);
  return Array.from({ length: resolution }, (_, index) => low * Math.exp(index * step));
}
