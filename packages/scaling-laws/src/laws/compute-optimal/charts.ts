import type { LawChart } from '../../law.ts';
import type { ComputeOptimalRecord } from './record.ts';

/** How far past the largest compute the line is drawn. */
const beyond = 100;

/** The losses of the runs with the lowest points, the residuals of N*, and the line of N* beyond the data. */
export function computeOptimalCharts(
  { law, curves, fitted, heldOut }: ComputeOptimalRecord,
  sizeAt: (flops: number) => number,
): LawChart[] {
  const flops = { name: 'compute', unit: 'FLOPs', scale: 'log' } as const;
  const size = { name: 'size', unit: 'parameters', scale: 'log' } as const;
  const sides = [
    { name: 'fitted', optima: fitted },
    { name: 'held out', optima: heldOut },
  ].filter(({ optima }) => optima.length > 0);
  const all = [...fitted, ...heldOut];
  const ends = [all[0]!.flops, beyond * all.at(-1)!.flops];
  return [
    {
      kind: 'fit',
      title: law === 'isoflop' ? 'Loss over size at each budget' : 'Loss over compute of each size',
      x: law === 'isoflop' ? size : flops,
      y: { name: 'loss', unit: 'nats/token', scale: 'linear' },
      series: [
        ...curves.map(({ name, x, loss }) => ({
          kind: law === 'isoflop' ? ('points' as const) : ('line' as const),
          name,
          x,
          y: loss,
        })),
        {
          kind: law === 'isoflop' ? 'line' : 'points',
          name: 'lowest',
          x: all.map((optimum) => (law === 'isoflop' ? optimum.parameters : optimum.flops)),
          y: all.map(({ loss }) => loss),
        },
      ],
    },
    {
      kind: 'residuals',
      title: 'Residuals of the best size over compute',
      x: flops,
      y: { name: 'log N* of the line - log N* found', unit: '', scale: 'linear' },
      series: sides.map(({ name, optima }) => ({
        kind: 'points',
        name,
        x: optima.map((optimum) => optimum.flops),
        y: optima.map((optimum) => Math.log(sizeAt(optimum.flops) / optimum.parameters)),
      })),
    },
    {
      kind: 'extrapolation',
      title: 'Best size for a compute',
      x: flops,
      y: size,
      series: [
        ...sides.map(({ name, optima }) => ({
          kind: 'points' as const,
          name,
          x: optima.map((optimum) => optimum.flops),
          y: optima.map(({ parameters }) => parameters),
        })),
        { kind: 'line', name: 'line', x: ends, y: ends.map(sizeAt) },
      ],
    },
  ];
}
