import { type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';

/**
 * Guards a kernel, which reads memory by the shapes it was told.
 *
 * @throws If a tensor has another shape or type, naming the kernel and the tensor
 */
export function requireShape<Name extends string>(
  kernel: string,
  tensors: Readonly<Record<Name, TensorInfo>>,
  shapes: Readonly<Record<Name, number[]>>,
  dtype: DataType = 'float32',
): void {
  for (const name of Object.keys(tensors) as Name[]) {
    const { shape, dtype: actual } = tensors[name];
    util.assert(
      util.arraysEqual(shape, shapes[name]) && actual === dtype,
      () => `${kernel}: ${name} must be ${dtype} [${shapes[name]}], got ${actual} [${shape}].`,
    );
  }
}
