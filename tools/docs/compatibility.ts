import { memoryTraffic, type Optimizer, planUpdate, recordOf, type UpdateRule } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { markdownTable } from '../../packages/run-files/src/markdown-table.ts';
import type { ExportedOptimizer, OptimizerPackage } from './optimizer-packages.ts';

/** What is tried with every optimizer: its options, and where the steps are taken. */
const trials: readonly (readonly [
  head: string,
  options: object,
  where: (body: () => boolean) => boolean | Promise<boolean>,
])[] = [
  ['WebGPU', {}, onDevice],
  ['`lazyRows`', { lazyRows: '**' }, onCpu],
  ["`stateFormat: '8bit'`", { stateFormat: '8bit', stateMinimumSize: 1 }, onCpu],
  ['`cautious`', { cautious: 'mean' }, onCpu],
  ['`gradientFilter`', { gradientFilter: { kind: 'average' } }, onCpu],
  ['`averageDecay`', { averageDecay: 0.9 }, onCpu],
];

/**
 * What works with which optimizer: tried, by twelve steps of each on a matrix, not declared. WebGPU is imitated by a backend whose
 * numbers cannot be read in the middle of a step.
 */
export async function compatibilityTable(packages: readonly OptimizerPackage[]): Promise<string> {
  await tf.setBackend('cpu');
  // Without tfjs's advice to install tfjs-node.
  (tf.backend() as { firstUse?: boolean }).firstUse = false;
  const rows: string[][] = [];
  for (const { folder, optimizers } of packages) {
    for (const exported of optimizers) {
      const found: string[] = [];
      for (const [, options, where] of trials) {
        found.push((await where(() => works(exported, options))) ? 'yes' : 'no');
      }
      const wasm = isCompiled(exported.optimizer.rule) ? 'compiled' : 'operations';
      rows.push([`[\`${exported.exportName}\`](../${folder})`, 'yes', wasm, 'yes', ...found]);
    }
  }
  return markdownTable(['class', 'cpu', 'wasm', 'TensorFlow', ...trials.map(([head]) => head)], rows);
}

/** Whether the update of a matrix is compiled to passes over memory. */
function isCompiled(rule: UpdateRule): boolean {
  const settings = Object.fromEntries(
    recordOf(rule).settings.map(({ name, default: usual }) => [name, usual]),
  );
  const plan = planUpdate(rule, {
    parameter: { name: 'weight', shape: [1024, 1024], size: 1024 * 1024 },
    settings,
    constant: (name) => rule.hyperparameters[name]?.default,
  });
  return memoryTraffic(plan) !== undefined;
}

/** Whether twelve steps on a matrix go through; some rules compute in JavaScript only every tenth. */
function works({ optimizer }: ExportedOptimizer, options: object): boolean {
  const weight = tf.variable(tf.tensor2d([1, -2, 3, -4], [2, 2]), true, `weight-${tf.memory().numTensors}`);
  let made: Optimizer | undefined;
  try {
    made = new optimizer(options);
    for (let step = 1; step <= 12; step++) {
      const gradient = tf.tensor2d([1, 0.5, step / 10, -1], [2, 2]);
      const gradients = { [weight.name]: gradient };
      if (made.describe().capabilities.refresh) made.applyRefresh(gradients);
      made.applyGradients(gradients);
      gradient.dispose();
    }
    return true;
  } catch {
    return false;
  } finally {
    made?.dispose();
    weight.dispose();
  }
}

/** The kernels of cpu under the name of WebGPU, whose tensors cannot be read in the middle of a step. */
async function onDevice<T>(body: () => T): Promise<T> {
  if (tf.findBackendFactory('webgpu') == null) {
    tf.copyRegisteredKernels('cpu', 'webgpu');
    tf.registerBackend('webgpu', tf.findBackendFactory('cpu'));
  }
  await tf.setBackend('webgpu');
  (tf.backend() as { firstUse?: boolean }).firstUse = false;
  const { dataSync } = tf.Tensor.prototype;
  tf.Tensor.prototype.dataSync = () => {
    throw new Error('tensors of this device are read with data()');
  };
  try {
    return body();
  } finally {
    tf.Tensor.prototype.dataSync = dataSync;
    await tf.setBackend('cpu');
  }
}

function onCpu<T>(body: () => T): T {
  return body();
}
