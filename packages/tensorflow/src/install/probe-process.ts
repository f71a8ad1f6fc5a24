import { matMul, setBackend, tensor2d } from '@tensorflow/tfjs-core';
import { readInstallation } from '../installation.ts';
import { loadInstallation } from '../load/load-tensorflow.ts';

/** Loads the installation of a record and computes with it: a library that ends its process ends no more than this one. */
async function probeRecord(record: string): Promise<void> {
  const installation = readInstallation(record);
  if (installation === undefined) throw new Error(`${record} does not exist.`);
  const start = performance.now();
  const { usesGpu } = loadInstallation(installation, { hideGpus: false, threads: undefined });
  await setBackend('tensorflow');
  const product = matMul(tensor2d([1, 2, 3, 4], [2, 2]), tensor2d([5, 6, 7, 8], [2, 2]));
  const values = [...(await product.data())];
  if (values.join() !== '19,22,43,50') {
    throw new Error(`The product of two matrices is ${values.join()}, not 19,22,43,50.`);
  }
  console.log(JSON.stringify({ usesGpu, milliseconds: Math.round(performance.now() - start) }));
}

probeRecord(process.argv[2] ?? '').catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
