import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { loadLanguageModel } from '@steepest/lm-models';
import { MissingSubject, type PrepareSubject, type TrainingStep } from './subject.ts';

/**
 * A backend of tfjs as it is, wasm with the one kernel added that it lacks for training an embedding. The model is the
 * same, of composed operations; the optimizer is `tf.train.adam` with the decay of AdamW before it.
 */
export const prepareTfjs =
  (backend: 'wasm' | 'webgpu'): PrepareSubject =>
  async ({ task, weights, batch }) => {
    if (backend === 'wasm') registerSegmentSum();
    if (!(await tf.setBackend(backend))) throw new MissingSubject(`tfjs has no ${backend} here`);
    const model = loadLanguageModel(weights);
    const { learningRate, beta1, beta2, epsilon, weightDecay } = task;
    const optimizer = tf.train.adam(learningRate, beta1, beta2, epsilon);
    const train: TrainingStep = async (step) => {
      const tokens = tf.tensor2d(batch(step), [task.sequences, task.positions + 1], 'int32');
      const { value, grads } = tf.variableGrads(() => model.loss(tokens).total);
      for (const variable of model.variables) {
        tf.tidy(() => variable.assign(tf.mul(variable, 1 - learningRate * weightDecay)));
      }
      optimizer.applyGradients(grads as Record<string, tf.Variable>);
      const loss = (await value.data())[0]!;
      tf.dispose([tokens, value, grads]);
      return loss;
    };
    return { train };
  };

interface HeapBackend extends tf.KernelBackend {
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array | Int32Array;
}

function registerSegmentSum(): void {
  tf.registerKernel({
    kernelName: 'UnsortedSegmentSum',
    backendName: 'wasm',
    kernelFunc: ({ inputs, backend, attrs }) => {
      const heap = backend as HeapBackend;
      const { x, segmentIds } = inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo };
      const segments = Number((attrs as { numSegments?: number }).numSegments);
      const width = tf.util.sizeFromShape(x.shape.slice(segmentIds.shape.length));
      const output = heap.makeOutput([segments, ...x.shape.slice(segmentIds.shape.length)], x.dtype);
      const target = heap.typedArrayFromHeap(output).fill(0);
      const source = heap.typedArrayFromHeap(x);
      for (const [i, id] of heap.typedArrayFromHeap(segmentIds).entries()) {
        for (let j = 0; j < width; j++) target[id * width + j]! += source[i * width + j]!;
      }
      return output;
    },
  });
}
