import type { ParameterInfo, Shape } from '@steepest/optimizer';

/**
 * Axes whose factor is a diagonal to save memory: the longest one (`one_diag`), the longest if no other is as long
 * (`smart_one_diag`), or all.
 */
export type MemorySaveMode = 'none' | 'one_diag' | 'smart_one_diag' | 'all_diag';

/** The settings that shape the factors. */
export interface FactorSettings {
  readonly maxTriangularSize: number;
  readonly minTriangularRank: number;
  readonly memorySaveMode: MemorySaveMode;
}

/** The factor of one axis. */
export interface Factor {
  readonly axis: number;
  readonly length: number;
  readonly isDiagonal: boolean;
  /** [length, length] of a triangular one; of a diagonal, the view's with 1 for the other axes. */
  readonly shape: Shape;
}

/**
 * The shape in which a parameter is seen: more than two axes become a matrix, of all but the last by the last (the more
 * rows of the two ways to merge, as the authors' code chooses), and a number a vector.
 */
export function mergedShape({ shape, size }: ParameterInfo): Shape {
  if (shape.length === 0) return [1];
  const last = shape.at(-1)!;
  return shape.length > 2 ? [size / (last || 1), last] : shape;
}

/** One factor for each axis of the merged parameter. */
export function factorsOf(info: ParameterInfo, settings: FactorSettings): Factor[] {
  const view = mergedShape(info);
  const saved = savedAxes(view, settings.memorySaveMode);
  return view.map((length, axis) => {
    const isDiagonal =
      length === 1 ||
      length > settings.maxTriangularSize ||
      view.length < settings.minTriangularRank ||
      saved.includes(axis);
    const shape = isDiagonal ? view.map((_, other) => (other === axis ? length : 1)) : [length, length];
    return { axis, length, isDiagonal, shape };
  });
}

function savedAxes(view: Shape, mode: MemorySaveMode): readonly number[] {
  const axes = [...view.keys()];
  const longest = view.lastIndexOf(Math.max(...view));
  switch (mode) {
    case 'none':
      return [];
    case 'all_diag':
      return axes;
    case 'one_diag':
      return [longest];
    case 'smart_one_diag':
      return view.length > 1 && view.indexOf(view[longest]!) === longest ? [longest] : [];
  }
}
