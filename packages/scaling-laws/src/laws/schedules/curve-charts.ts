import type { LawChart } from '../../law/law.ts';
import type { RecordedCurve } from './curve-law-fit.ts';

/** Charts of a law of loss curves: measured and predicted over the steps, residuals, and the runs kept out of the fit. */
export function curveCharts(curves: readonly RecordedCurve[]): LawChart[] {
  const step = { name: 'step', unit: 'steps', scale: 'linear' } as const;
  const loss = { name: 'loss', unit: 'nats/token', scale: 'linear' } as const;
  const lines = (chosen: readonly RecordedCurve[]) =>
    chosen.flatMap(({ name, steps, losses, predicted }) => [
      { kind: 'points' as const, name, x: steps, y: losses },
      { kind: 'line' as const, name: `${name}, predicted`, x: steps, y: predicted },
    ]);
  const heldOut = curves.filter((curve) => curve.heldOut);
  return [
    {
      kind: 'fit',
      title: 'Loss of the runs fitted on',
      x: step,
      y: loss,
      series: lines(curves.filter((curve) => !curve.heldOut)),
    },
    {
      kind: 'residuals',
      title: 'Residuals over the steps',
      x: step,
      y: { name: 'log predicted - log measured', unit: '', scale: 'linear' },
      series: curves.map(({ name, steps, losses, predicted }) => ({
        kind: 'points',
        name,
        x: steps,
        y: losses.map((value, index) => Math.log(predicted[index]! / value)),
      })),
    },
    ...(heldOut.length === 0
      ? []
      : [
          {
            kind: 'extrapolation',
            title: 'Loss of the runs kept out of the fit',
            x: step,
            y: loss,
            series: lines(heldOut),
          } as const,
        ]),
  ];
}
