import type { ChartSeries, LawChart } from '../../law/law.ts';
import type { ShapeRow } from './coordinates.ts';
import { type ShapeLaw, shapeLoss } from './shape-law.ts';
import { optimalTraversal } from './traversal.ts';

/** Points of a drawn line. */
const resolution = 60;

/** Charts of a fit: loss over compute by shape, residuals, and the traversal against every shape beyond the data. */
export function adaptiveShapesCharts(
  laws: readonly ShapeLaw[],
  highestLoss: number,
  fitted: readonly ShapeRow[],
  heldOut: readonly ShapeRow[],
): LawChart[] {
  const flops = { name: 'compute', unit: 'FLOPs', scale: 'log' } as const;
  const loss = { name: 'loss', unit: 'nats/token', scale: 'linear' } as const;
  const sides = [
    { name: '', rows: fitted },
    { name: ', held out', rows: heldOut },
  ];
  const points = (y: (row: ShapeRow) => number): ChartSeries[] =>
    sides.flatMap((side) =>
      laws.flatMap(({ shape }) => {
        const rows = side.rows.filter((row) => row.shape === shape);
        if (rows.length === 0) return [];
        return [
          { kind: 'points', name: `${shape}${side.name}`, x: rows.map((row) => row.flops), y: rows.map(y) },
        ];
      }),
    );
  const computes = [...fitted, ...heldOut].map((row) => row.flops);
  const [least, most] = [Math.min(...computes), Math.max(...computes)];
  const lines = (x: readonly number[]): ChartSeries[] =>
    laws.map((law) => ({
      kind: 'line',
      name: `law of ${law.shape}`,
      x,
      y: x.map((compute) => shapeLoss(law, compute)),
    }));
  const ahead = spread(least, 10 * most);
  return [
    {
      kind: 'fit',
      title: 'Loss of each shape',
      x: flops,
      y: loss,
      series: [...points((row) => row.loss), ...lines(spread(least, most))],
    },
    {
      kind: 'residuals',
      title: 'Residuals over compute',
      x: flops,
      y: { name: 'log predicted - log measured', unit: '', scale: 'linear' },
      series: points((row) => {
        const law = laws.find(({ shape }) => shape === row.shape)!;
        return Math.log(shapeLoss(law, row.flops) / row.loss);
      }),
    },
    {
      kind: 'extrapolation',
      title: 'Changing shape against keeping one',
      x: flops,
      y: loss,
      series: [
        ...lines(ahead),
        {
          kind: 'line',
          name: 'best changes of shape',
          x: ahead,
          y: ahead.map((compute) => optimalTraversal(laws, highestLoss, { flops: compute }).loss),
        },
      ],
    },
  ];
}

function spread(low: number, high: number): number[] {
  const step = Math.log(high / low) / (resolution - 1);
  return Array.from({ length: resolution }, (_, index) => low * Math.exp(index * step));
}
