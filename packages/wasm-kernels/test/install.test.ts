import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { expect, it, vi } from 'vitest';

it('takes over a backend that already runs, and again one that was removed and made anew', async () => {
  await tf.setBackend('wasm');
  const warn = vi.spyOn(console, 'warn');
  expect(tf.getKernel('UnsortedSegmentSum', 'wasm')).toBeUndefined();
  const exported = await import('@steepest/wasm-kernels');
  expect(Object.keys(exported).sort()).toEqual([
    'installKernels',
    'setThreads',
    'threadUse',
    'usableCores',
    'useThreads',
  ]);
  const names = [
    'BatchMatMul',
    '_FusedMatMul',
    'UnsortedSegmentSum',
    'Exp',
    'Erf',
    'GatherV2',
    'SplitV',
    'Max',
    'Sum',
  ];
  expect(exported.installKernels()).toEqual(expect.arrayContaining(names));
  expect(exported.installKernels()).toEqual(exported.installKernels());
  const product = () => Array.from(tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync());
  expect(product()).toEqual([11]);

  const factory = tf.findBackendFactory('wasm');
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', factory, 2);
  await tf.setBackend('wasm');
  expect(product()).toEqual([11]);
  // A kernel of tfjs behind a replaced one must have been set up in the new backend too.
  expect(() => tf.matMul(tf.tensor2d([[1]], [1, 1], 'int32'), tf.tensor2d([[1]], [1, 1], 'int32'))).toThrow(
    /float32/,
  );
  expect(warn).not.toHaveBeenCalled();
});
