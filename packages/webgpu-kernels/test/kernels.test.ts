import '@steepest/webgpu-kernels';
import * as tf from '@tensorflow/tfjs';
import { describeOnWebgpu } from '../../backend/test/webgpu/webgpu.ts';
import { agreesWithFloat64 } from '../../training-kernels/test/float64-agreement.ts';

/** Tensors and bytes that the backend holds; freed buffers are kept for reuse. */
const memory = () => [tf.engine().backend.numDataIds()];

describeOnWebgpu('on WebGPU', () => agreesWithFloat64(memory));
