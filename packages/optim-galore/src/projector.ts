import { singularVectors } from '@steepest/matrix-rules';
import type { ParameterInfo, SettingSpec, Shape, TensorTransform } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';

/**
 * The side of a matrix that is projected: `std` the one of the shorter axis, `reverse_std` of the longer one, `right` that of the
 * columns and `left` that of the rows.
 */
export type Projection = 'std' | 'reverse_std' | 'right' | 'left';

/** What a projector is wanted for. */
export interface ProjectorRequest {
  /** Name of the parameter. */
  readonly name: string;
  /** Shape of the projector: the axis that is projected, and the rank. */
  readonly shape: Shape;
  /** How many gradients the parameter has received, this one included. */
  readonly step: number;
}

/** `svd`: singular vectors of the gradient. A function returns the projector itself, flat and row-major, with orthonormal columns. */
export type ProjectorSource = 'svd' | ((request: ProjectorRequest) => ArrayLike<number>);

/** The setting that projectors come from. */
export const projectorSetting: SettingSpec<ProjectorSource> = {
  default: 'svd',
  description: "'svd' of the gradient, or a function of { name, shape, step } that returns a projector",
  check: (value) =>
    value === 'svd' || typeof value === 'function'
      ? undefined
      : "must be 'svd', or a function that returns a projector",
};

/** The axis of a matrix that the projection shortens. */
export function projectedAxis({ shape }: ParameterInfo, projection: Projection): 0 | 1 {
  const shorter = shape[0]! >= shape[1]! ? 1 : 0;
  if (projection === 'std') return shorter;
  if (projection === 'reverse_std') return shorter === 1 ? 0 : 1;
  return projection === 'right' ? 1 : 0;
}

/** The shape of a projector: no matrix has more singular vectors than its shorter axis is long. */
export function projectorShape(info: ParameterInfo, projection: Projection, rank: number): [number, number] {
  return [info.shape[projectedAxis(info, projection)]!, Math.min(rank, ...info.shape)];
}

/**
 * A projector of a gradient. Input: the gradient; scalar: how many gradients the parameter has received.
 *
 * @throws Error, in a step, if a function returns another number of numbers, or one that is not finite
 */
export function projectorOf(
  info: ParameterInfo,
  projection: Projection,
  rank: number,
  source: ProjectorSource,
): TensorTransform {
  const shape = projectorShape(info, projection, rank);
  const [length, count] = shape;
  if (source === 'svd') return singularVectors(info.shape, projectedAxis(info, projection), count);
  const given = (step: number): Float64Array => {
    const projector = Float64Array.from(source({ name: info.name, shape, step }));
    if (projector.length !== length * count) {
      throw new Error(
        `the projector for "${info.name}" [${shape.join(', ')}] needs ${length * count} numbers, got ${projector.length}`,
      );
    }
    if (projector.every(Number.isFinite)) return projector;
    throw new Error(`the projector for "${info.name}" [${shape.join(', ')}] must hold finite numbers`);
  };
  return {
    name: 'givenProjector',
    shape,
    onTensors: (_, [step]) => tf.tensor(Float32Array.from(given(step!)), shape),
    inFloat64: (_, [step]) => given(step!),
  };
}
