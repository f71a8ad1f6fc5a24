import { implementKernel, type KernelCall, type TrainingKernel } from '@steepest/training-kernels';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { KernelRun } from './kernel-run.ts';
import type { WebgpuBackend } from './webgpu-backend.ts';

/**
 * Implements a kernel on the webgpu backend. A call that fails keeps no memory.
 *
 * @returns its name
 */
export function implement<Inputs extends string, Outputs extends string, Attributes extends object>(
  kernel: TrainingKernel<Inputs, Outputs, Attributes>,
  compute: (
    run: KernelRun,
    inputs: Readonly<Record<NoInfer<Inputs>, TensorInfo>>,
    attributes: NoInfer<Attributes>,
  ) => Readonly<Record<NoInfer<Outputs>, TensorInfo>>,
): string {
  implementKernel(
    kernel,
    'webgpu',
    ({ inputs, attributes, backend }: KernelCall<Inputs, Attributes, WebgpuBackend>) => {
      const run = new KernelRun(kernel.name, backend);
      try {
        return compute(run, inputs, attributes);
      } catch (error) {
        run.abandon();
        throw error;
      } finally {
        run.finish();
      }
    },
  );
  return kernel.name;
}
