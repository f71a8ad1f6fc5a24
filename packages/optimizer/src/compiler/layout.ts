import type { Expression, Shape } from '../rule/expression.ts';
import type { UpdatePlan } from '../rule/plan.ts';

/** Which axes of a layout a tensor has: bit i for axis i. It is constant along the others. */
export type Mask = number;

/** The axes that all tensors of a plan share, with neighbors joined that no tensor tells apart. */
export interface Layout {
  readonly dimensions: readonly number[];
  /** The axes of a tensor of this shape. */
  maskOf(shape: Shape): Mask;
  /** Elements along the axes of a mask. */
  sizeOf(mask: Mask): number;
}

/** Elements along the axes of a mask. */
export function sizeOf(mask: Mask, dimensions: readonly number[]): number {
  return dimensions.reduce((size, length, axis) => ((mask >> axis) & 1 ? size * length : size), 1);
}

/** Lengths of a shape aligned to `rank` axes at the right, as broadcasting does. */
function aligned(shape: Shape, rank: number): number[] {
  return [...new Array<number>(rank - shape.length).fill(1), ...shape];
}

/** @returns `undefined` for tensors that are empty, or of which two differ in the length of an axis that both have. */
export function collapseAxes(nodes: readonly Expression[], plan: UpdatePlan): Layout | undefined {
  const shapes = [
    ...nodes.map(({ shape }) => shape!),
    ...Object.keys(plan.outputs).map((name) => plan.shapes[name]!),
  ];
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const full = aligned([], rank).map((_, axis) =>
    Math.max(...shapes.map((shape) => aligned(shape, rank)[axis]!)),
  );
  const fits = (shape: Shape): boolean =>
    aligned(shape, rank).every((length, axis) => length === 1 || length === full[axis]);
  // An empty tensor has no element to walk over.
  if (full.includes(0) || !shapes.every(fits)) return undefined;
  const present = (shape: Shape, axis: number): boolean => aligned(shape, rank)[axis] !== 1;

  const axisOf: (number | undefined)[] = [];
  const dimensions: number[] = [];
  let previous: number | undefined;
  for (const [axis, length] of full.entries()) {
    if (length === 1) {
      axisOf.push(undefined);
      continue;
    }
    const joins =
      previous !== undefined &&
      shapes.every((shape) => present(shape, axis) === present(shape, previous as number));
    if (joins) dimensions[dimensions.length - 1]! *= length;
    else dimensions.push(length);
    axisOf.push(dimensions.length - 1);
    previous = axis;
  }

  return {
    dimensions,
    maskOf: (shape) => {
      let mask = 0;
      for (const [axis, length] of aligned(shape, rank).entries()) {
        if (length !== 1) mask |= 1 << axisOf[axis]!;
      }
      return mask;
    },
    sizeOf: (mask) => sizeOf(mask, dimensions),
  };
}
