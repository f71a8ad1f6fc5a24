import type { Point } from '../definition/grid.ts';
import type { SettingValue } from '../definition/option-shapes.ts';
import { along, type Descent, keyOf } from './coordinate-descent.ts';

/** What one value of one hyperparameter does when all others have their best value. */
export interface AblationRow {
  readonly key: string;
  readonly value: SettingValue;
  /** Mean final validation loss over the seeds; `null` where the setting has none or was not tried. */
  readonly loss: number | null;
  /** Loss less that of the best setting. */
  readonly difference: number | null;
  readonly tried: boolean;
  readonly best: boolean;
}

/** Each hyperparameter's values at the best setting of a descent: what the choice of the others rests on. */
export function ablationRows({ axes, best, tried }: Descent, start: Point): AblationRow[] {
  const center = best?.point ?? start;
  const losses = new Map(tried.map(({ point, loss }) => [keyOf(point), loss]));
  return axes
    .filter(({ values }) => values.length > 1)
    .flatMap((axis) =>
      along(axis, center).map((point) => {
        const key = keyOf(point);
        const loss = losses.get(key) ?? null;
        return {
          key: axis.key,
          value: point[axis.key]!,
          loss,
          difference: loss === null || best?.loss == null ? null : loss - best.loss,
          tried: losses.has(key),
          best: best !== undefined && key === keyOf(center),
        };
      }),
    );
}
