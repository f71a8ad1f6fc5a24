import type { Trajectory } from '@steepest/optimizer-testing';

interface RecordedProjector {
  /** The optimizer's step at which it was made. */
  readonly step: number;
  readonly param: number;
  readonly shape: readonly [number, number];
  readonly values: readonly number[];
}

/** The projectors of a run by parameter, in their order, with singular vectors as columns: the authors keep right ones as rows. */
export function recordedProjectors(
  run: Trajectory,
): Map<string, { readonly step: number; readonly columns: Float64Array }[]> {
  const { projectors } = run as Trajectory & { readonly projectors: readonly RecordedProjector[] };
  const found = new Map<string, { readonly step: number; readonly columns: Float64Array }[]>();
  for (const { step, param, shape, values } of projectors) {
    const info = run.params[param]!;
    const [rows, columns] = shape;
    const isRight = info.shape[0]! >= info.shape[1]!;
    const flat = isRight
      ? Float64Array.from(values, (_, index) => values[(index % rows) * columns + Math.floor(index / rows)]!)
      : Float64Array.from(values);
    found.set(info.name, [...(found.get(info.name) ?? []), { step, columns: flat }]);
  }
  return found;
}
