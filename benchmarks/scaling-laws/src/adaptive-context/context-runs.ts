import { readTable } from '@steepest/scaling-laws/node';

/** A validation loss of a trial on its way. */
export interface CurvePoint {
  readonly step: number;
  readonly flops: number;
  readonly loss: number;
}

/** A trial that is over. */
export interface ContextRun {
  /** What the experiment calls its kind, such as `context-16`; the same for every seed. */
  readonly kind: string;
  readonly seed: number;
  /** Of its training batches; `null` where it changes. */
  readonly contextLength: number | null;
  readonly batchTokens: number;
  readonly steps: number;
  /** Of all its steps. */
  readonly flops: number;
  /** Last validation loss, nats/token. */
  readonly loss: number;
  /** From step 1 on. */
  readonly curve: readonly CurvePoint[];
}

/**
 * The finished trials of a run folder, whose trainer counted FLOPs.
 *
 * @throws Error when the folder holds none
 */
export async function contextRuns(folder: string): Promise<ContextRun[]> {
  const [ends, points] = [await readTable(folder), await readTable(folder, { points: 'validation' })];
  const curves = new Map<string, CurvePoint[]>();
  for (let row = 0; row < points.length; row += 1) {
    const cell = (name: string) => points.column(name)[row] as number;
    const run = points.column('run')[row] as string;
    const curve = curves.get(run) ?? [];
    curves.set(run, curve);
    curve.push({ step: cell('step'), flops: cell('flops'), loss: cell('loss') });
  }
  return Array.from({ length: ends.length }, (_, row) => {
    const cell = (name: string) => ends.column(name)[row] as number;
    return {
      kind: ends.column('optimizer')[row] as string,
      seed: cell('seed'),
      contextLength: ends.column('contextLength')[row] as number | null,
      batchTokens: cell('batchTokens'),
      steps: cell('steps'),
      flops: cell('flops'),
      loss: cell('loss'),
      curve: curves.get(ends.column('run')[row] as string) ?? [],
    };
  });
}

/** The mean curve of runs over seeds, at the steps that all have. */
export function meanCurve(runs: readonly ContextRun[]): CurvePoint[] {
  const [first, ...others] = runs;
  return (first?.curve ?? []).flatMap((point) => {
    const same = others.map(({ curve }) => curve.find(({ step }) => step === point.step));
    if (same.includes(undefined)) return [];
    const losses = [point, ...(same as CurvePoint[])].map(({ loss }) => loss);
    return [{ ...point, loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length }];
  });
}
