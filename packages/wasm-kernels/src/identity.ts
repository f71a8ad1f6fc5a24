import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmBackend } from './wasm-backend.ts';

/**
 * A tensor with the memory of x, which lives until both are disposed of, as on every other backend of tfjs; undefined
 * for strings. tfjs-backend-wasm copies here, so everything saved for a gradient is held twice.
 */
export function identity(backend: WasmBackend, { dataId, shape, dtype }: TensorInfo): TensorInfo | undefined {
  if (dtype === 'string') return undefined;
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}
