// The tests that tfjs-core publishes of its own operations, run on the wasm backend with the kernels of this package
// in place. They are Jasmine's and pick their backend with a module that needs Jasmine; that module is replaced.

import { installKernels } from '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

const noComplex = 'tfjs-backend-wasm has no complex numbers';

/** Tests that tfjs-backend-wasm fails by itself too, and why; they are run all the same, and must fail. */
const failing: Readonly<Record<string, string>> = {
  'upcasts when dtypes dont match': 'tfjs-backend-wasm has no matrix product of integers',
  '1D complex64 dtype': noComplex,
  '2D complex64 dtype': noComplex,
  '3D complex64 dtype': noComplex,
  '4D complex64 dtype': noComplex,
  'concat complex input': noComplex,
  'concat complex input axis=0': noComplex,
  'concat complex input axis=1': noComplex,
  'complex number addition': noComplex,
  'complex number reshape and then addition': noComplex,
  'complex number broadcasting addition': noComplex,
};

vi.mock('@tensorflow/tfjs-core/dist/jasmine_util.js', () => ({
  ALL_ENVS: {},
  describeWithFlags: (name: string, _constraints: unknown, tests: (environment: object) => void) =>
    describe(name, () => {
      beforeAll(async () => {
        await tf.setBackend('wasm');
      });
      beforeEach(() => tf.engine().startScope());
      afterEach(() => tf.engine().endScope());
      tests({ name: 'wasm', backendName: 'wasm', isDataSync: true });
    }),
}));

const met = new Set<string>();

function test(name: string, run: () => unknown): void {
  if (!Object.hasOwn(failing, name)) {
    it(name, run);
    return;
  }
  met.add(name);
  it.fails(`${name} (${failing[name]})`, run);
}

expect.extend({ nothing: () => ({ pass: true, message: () => '' }) });
Object.assign(globalThis, {
  describe,
  it: test,
  expect,
  beforeAll,
  afterAll,
  beforeEach,
  afterEach,
  jasmine: {},
});

/** The tests of each kernel that the package replaces. */
const ofKernels: Readonly<Record<string, () => Promise<unknown>>> = {
  BatchMatMul: () => import('@tensorflow/tfjs-core/dist/ops/mat_mul_test.js'),
  _FusedMatMul: () => import('@tensorflow/tfjs-core/dist/ops/fused/fused_mat_mul_test.js'),
  Identity: () => import('@tensorflow/tfjs-core/dist/ops/clone_test.js'),
  UnsortedSegmentSum: () => import('@tensorflow/tfjs-core/dist/ops/unsorted_segment_sum_test.js'),
  GatherV2: () => import('@tensorflow/tfjs-core/dist/ops/gather_test.js'),
  Concat: () => import('@tensorflow/tfjs-core/dist/ops/concat_test.js'),
  SplitV: () => import('@tensorflow/tfjs-core/dist/ops/split_test.js'),
  Max: () => import('@tensorflow/tfjs-core/dist/ops/max_test.js'),
  Sum: () => import('@tensorflow/tfjs-core/dist/ops/sum_test.js'),
  Add: () => import('@tensorflow/tfjs-core/dist/ops/add_test.js'),
  Exp: () => import('@tensorflow/tfjs-core/dist/ops/exp_test.js'),
  Erf: () => import('@tensorflow/tfjs-core/dist/ops/erf_test.js'),
};

/** Operations made of several kernels. */
const ofOperations = [
  () => import('@tensorflow/tfjs-core/dist/ops/log_softmax_test.js'),
  () => import('@tensorflow/tfjs-core/dist/ops/log_sum_exp_test.js'),
  () => import('@tensorflow/tfjs-core/dist/ops/mean_test.js'),
  () => import('@tensorflow/tfjs-core/dist/ops/moments_test.js'),
  () => import('@tensorflow/tfjs-core/dist/ops/norm_test.js'),
  () => import('@tensorflow/tfjs-core/dist/ops/softmax_test.js'),
];

for (const load of [...Object.values(ofKernels), ...ofOperations]) await load();

it('covers every kernel that the package replaces, and meets every test that is listed as failing', () => {
  const ours = installKernels().filter((name) => !name.startsWith('Steepest'));
  expect(ours.sort()).toEqual(Object.keys(ofKernels).sort());
  expect([...met]).toEqual(Object.keys(failing));
});
