import * as tf from '@tensorflow/tfjs';

/**
 * Registers the kernels of cpu under another backend's name, with the special values that the kernels of webgl have: a
 * quotient of equal numbers is 1 and the sign of NaN is 0. Node has no WebGL.
 *
 * @returns what puts the backend's own kernels back
 */
export function registerImitation(name: string): () => void {
  const own = tf.getKernelsForBackend(name);
  const factory = tf.findBackendFactory(name);
  for (const { kernelName } of own) tf.unregisterKernel(kernelName, name);
  if (factory !== null && factory !== undefined) tf.removeBackend(name);
  tf.copyRegisteredKernels('cpu', name);
  const divide = tf.getKernel('RealDiv', 'cpu');
  tf.unregisterKernel('RealDiv', name);
  tf.registerKernel({
    kernelName: 'RealDiv',
    backendName: name,
    kernelFunc: (parameters) => {
      const { a, b } = parameters.inputs as { a: tf.Tensor; b: tf.Tensor };
      const quotient = divide.kernelFunc(parameters) as tf.TensorInfo;
      const backend = parameters.backend as tf.KernelBackend;
      // Not by `dataSync`, which a test may have throw.
      const [left, right] = [a, b].map(
        (x) => backend.readSync(tf.broadcastTo(x, quotient.shape).dataId) as Float32Array,
      );
      const values = backend.readSync(quotient.dataId) as Float32Array;
      for (const i of values.keys()) if (left![i] === right![i]) values[i] = 1;
      return quotient;
    },
  });
  tf.registerBackend(name, tf.findBackendFactory('cpu'));
  return () => {
    tf.removeBackend(name);
    for (const { kernelName } of tf.getKernelsForBackend(name)) tf.unregisterKernel(kernelName, name);
    for (const kernel of own) tf.registerKernel(kernel);
    if (factory !== null && factory !== undefined) tf.registerBackend(name, factory);
  };
}
