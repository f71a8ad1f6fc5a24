import type { LawChart } from '../../law/law.ts';
import type { RecordedRun } from './sweep-law-fit.ts';

/** Charts of a law of how schedules end: predicted losses, residuals, and divergence over the peak. */
export function sweepCharts(fitted: readonly RecordedRun[], heldOut: readonly RecordedRun[]): LawChart[] {
  const loss = { name: 'loss', unit: 'nats/token', scale: 'linear' } as const;
  const peak = { name: 'peak learning rate', unit: '', scale: 'log' } as const;
  const sides = [
    { name: 'fitted', runs: fitted },
    { name: 'held out', runs: heldOut },
  ].filter(({ runs }) => runs.length > 0);
  const points = (of: (run: RecordedRun & { readonly measured: number }) => readonly [number, number]) =>
    sides.map(({ name, runs }) => {
      const places = runs.flatMap((run) =>
        run.measured === null ? [] : [of({ ...run, measured: run.measured })],
      );
      return { kind: 'points' as const, name, x: places.map(([x]) => x), y: places.map(([, y]) => y) };
    });
  const measured = [...fitted, ...heldOut].flatMap((run) => (run.measured === null ? [] : [run.measured]));
  const ends = [Math.min(...measured), Math.max(...measured)];
  return [
    {
      kind: 'fit',
      title: 'Predicted against measured final loss',
      x: { ...loss, name: 'measured loss' },
      y: { ...loss, name: 'predicted loss' },
      series: [
        ...points((run) => [run.measured, run.loss]),
        { kind: 'line', name: 'equal', x: ends, y: ends },
      ],
    },
    {
      kind: 'residuals',
      title: 'Residuals over the peak learning rate',
      x: peak,
      y: { name: 'log predicted - log measured', unit: '', scale: 'linear' },
      series: points((run) => [run.peak, Math.log(run.loss / run.measured)]),
    },
    {
      kind: 'extrapolation',
      title: 'Predicted probability of divergence',
      x: peak,
      y: { name: 'probability', unit: '', scale: 'linear' },
      series: [true, false].flatMap((diverged) => {
        const runs = [...fitted, ...heldOut].filter((run) => (run.measured === null) === diverged);
        if (runs.length === 0) return [];
        const name = diverged ? 'diverged' : 'converged';
        return [
          {
            kind: 'points' as const,
            name,
            x: runs.map((run) => run.peak),
            y: runs.map((run) => run.divergence),
          },
        ];
      }),
    },
  ];
}
