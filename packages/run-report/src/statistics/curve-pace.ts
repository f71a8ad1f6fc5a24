import type { CurvePoint } from '@steepest/run-files';
import { mean } from '@steepest/statistics';
import type { Pace, TrialResult } from '../results/results.ts';

/** Mean over trials of a validation curve, at the steps all of them were evaluated at. */
export function meanCurve(trials: readonly TrialResult[]): CurvePoint[] {
  const [first, ...others] = trials.map(({ curve }) => curve.validation);
  return (first ?? []).flatMap((point) => {
    const same = others.map((curve) => curve.find(({ step }) => step === point.step));
    const all = [point, ...same];
    if (!all.every((other) => other !== undefined && other.loss !== null)) return [];
    const points = all as (CurvePoint & { loss: number })[];
    return [
      {
        step: point.step,
        tokens: point.tokens,
        ...(point.flops === undefined ? {} : { flops: point.flops }),
        seconds: mean(points.map(({ seconds }) => seconds)),
        loss: mean(points.map(({ loss }) => loss)),
      },
    ];
  });
}

/** Where a curve first falls to a loss, linear between its points; `null` where it never does. */
export function paceTo(loss: number, curve: readonly CurvePoint[]): Pace | null {
  const index = curve.findIndex((point) => point.loss !== null && point.loss <= loss);
  const after = curve[index];
  if (after === undefined) return null;
  const before = curve[index - 1];
  const share =
    before === undefined || before.loss === null ? 1 : (before.loss - loss) / (before.loss - after.loss!);
  const between = (key: 'step' | 'tokens' | 'seconds') =>
    before === undefined ? after[key] : before[key] + share * (after[key] - before[key]);
  return { steps: between('step'), tokens: between('tokens'), seconds: between('seconds') };
}
