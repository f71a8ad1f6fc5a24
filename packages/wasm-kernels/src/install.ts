import '@tensorflow/tfjs-backend-wasm';
import {
  engine,
  getKernel,
  type KernelBackend,
  type KernelConfig,
  type KernelFunc,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { batchMatrixProduct } from './batch-matrix-product.ts';
import { concat, gather, split } from './copy.ts';
import { addition, elementary } from './elementary.ts';
import { fusedMatrixProduct, fusesActivation } from './fused-matrix-product.ts';
import { guardHeap, removeCrashListeners } from './heap-guard.ts';
import { identity } from './identity.ts';
import { hasSimd } from './kernel-module.ts';
import { implementMatrixKernels } from './matrices/kernels.ts';
import { columnSum, maximum } from './reduce.ts';
import { implementTrainingKernels } from './training/kernels.ts';
import { unsortedSegmentSum } from './unsorted-segment-sum.ts';
import type { WasmBackend } from './wasm-backend.ts';

/** Marks a kernel as installed, also for another copy of this package (ESM and CJS in one application). */
const installed = Symbol.for('@steepest/wasm-kernels');

/** The part of a kernel call that the kernels read. */
type KernelCall = Parameters<KernelFunc>[0];
/** Answers a call, or undefined to leave it to the kernel of tfjs. */
type Replacement = (call: KernelCall) => ReturnType<KernelFunc> | undefined;

const replacements: Readonly<Record<string, Replacement>> = {
  BatchMatMul: ({ inputs, backend, attrs }) =>
    areFloat(inputs)
      ? batchMatrixProduct(
          backend as WasmBackend,
          inputs.a!,
          inputs.b!,
          Boolean(attrs?.transposeA),
          Boolean(attrs?.transposeB),
        )
      : undefined,
  _FusedMatMul: ({ inputs, backend, attrs }) =>
    areFloat(inputs) && fusesActivation(attrs?.activation)
      ? fusedMatrixProduct(backend as WasmBackend, inputs, attrs ?? {})
      : undefined,
  Identity: ({ inputs, backend }) => identity(backend as WasmBackend, inputs.x!),
  UnsortedSegmentSum: ({ inputs, backend, attrs }) =>
    unsortedSegmentSum(backend as WasmBackend, inputs.x!, inputs.segmentIds!, Number(attrs?.numSegments)),
  GatherV2: ({ inputs, backend, attrs }) =>
    hasWords(inputs.x) && inputs.indices?.dtype === 'int32' && !attrs?.batchDims
      ? gather(backend as WasmBackend, inputs.x!, inputs.indices, Number(attrs?.axis))
      : undefined,
  Concat: ({ inputs, backend, attrs }) => {
    const tensors = Object.values(inputs) as TensorInfo[];
    const [first] = tensors;
    return hasWords(first) && tensors.every(({ dtype }) => dtype === first?.dtype)
      ? concat(backend as WasmBackend, tensors, Number(attrs?.axis))
      : undefined;
  },
  SplitV: ({ inputs, backend, attrs }) =>
    hasWords(inputs.x)
      ? split(
          backend as WasmBackend,
          inputs.x!,
          attrs?.numOrSizeSplits as number | number[],
          Number(attrs?.axis),
        )
      : undefined,
  Max: ({ inputs, backend, attrs }) =>
    inputs.x?.dtype === 'float32'
      ? maximum(
          backend as WasmBackend,
          inputs.x,
          attrs?.reductionIndices as number | number[],
          Boolean(attrs?.keepDims),
        )
      : undefined,
  Sum: ({ inputs, backend, attrs }) =>
    inputs.x?.dtype === 'float32'
      ? columnSum(
          backend as WasmBackend,
          inputs.x,
          attrs?.axis as number | number[],
          Boolean(attrs?.keepDims),
        )
      : undefined,
  Add: ({ inputs, backend }) => addition(backend as WasmBackend, inputs.a!, inputs.b!),
  Exp: ({ inputs, backend }) =>
    inputs.x?.dtype === 'float32' ? elementary(backend as WasmBackend, 'exp', inputs.x) : undefined,
  Erf: ({ inputs, backend }) =>
    inputs.x?.dtype === 'float32' ? elementary(backend as WasmBackend, 'erf', inputs.x) : undefined,
};

/**
 * Puts the kernels of this package in the place of those of tfjs-backend-wasm. Importing the package does it
 * already; before or after `tf.setBackend('wasm')`, once or more often, is all the same. An engine without
 * WebAssembly SIMD keeps the kernels of tfjs.
 *
 * @returns The names of the kernels that this package now answers; none without SIMD.
 */
export function installKernels(): string[] {
  if (!hasSimd()) return [];
  for (const [kernelName, replacement] of Object.entries(replacements)) install(kernelName, replacement);
  const trainingKernels = [...implementTrainingKernels(), ...implementMatrixKernels()];
  // `findBackend` would start it.
  const running = engine().registry.wasm;
  if (running !== undefined) settle(running);
  return [...Object.keys(replacements), ...trainingKernels];
}

/** Mends what tfjs does beside its kernels, in a backend that has started. */
function settle(backend: KernelBackend): void {
  guardHeap(backend);
  removeCrashListeners();
}

function install(kernelName: string, replacement: Replacement): void {
  const stock = getKernel(kernelName, 'wasm') as KernelConfig | undefined;
  if (stock !== undefined && installed in stock) return;
  if (stock !== undefined) unregisterKernel(kernelName, 'wasm');
  const config: KernelConfig & { [installed]: true } = {
    kernelName,
    backendName: 'wasm',
    // The kernel of tfjs still answers what the replacement leaves to it, so it must be set up as well.
    setupFunc: (backend) => {
      settle(backend as KernelBackend);
      stock?.setupFunc?.(backend);
    },
    ...(stock?.disposeFunc && { disposeFunc: stock.disposeFunc }),
    kernelFunc: (call) => {
      const result = replacement(call);
      if (result !== undefined) return result;
      if (stock === undefined) throw new Error(`${kernelName} is not implemented for these inputs on wasm.`);
      return stock.kernelFunc(call);
    },
    [installed]: true,
  };
  registerKernel(config);
}

function areFloat({ a, b }: NamedTensorInfoMap): boolean {
  return a?.dtype === 'float32' && b?.dtype === 'float32';
}

/** Whether a tensor's elements are the four-byte words that the copying kernels move. */
function hasWords(x: TensorInfo | undefined): boolean {
  return x?.dtype === 'float32' || x?.dtype === 'int32';
}
