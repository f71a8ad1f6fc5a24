import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tryCpu, tryWebgl } from '../src/built-in-backend.ts';
import { type Attempts, prepareAmong } from '../src/prepare-backend.ts';

// A device with WebGL, which Node has not: what is asked of it here is only in which precision it renders.
beforeEach(async () => {
  await tf.setBackend('cpu');
  if (tf.findBackendFactory('webgl') != null) tf.removeBackend('webgl');
  tf.registerBackend('webgl', () => tf.findBackendFactory('cpu')() as tf.KernelBackend);
});
afterEach(async () => {
  await tf.setBackend('cpu');
  tf.env().reset();
});

const attempts: Attempts = {
  webgl: () => tryWebgl(async () => ({ version_webgl: '1' })),
  cpu: () => tryCpu(async () => ({ version_cpu: '2' })),
};
const prepare = (isFloat32: boolean, backend: 'auto' | 'webgl') => {
  tf.env().set('WEBGL_RENDER_FLOAT32_ENABLED', isFloat32);
  return prepareAmong(attempts, { works: false, reason: 'elsewhere' }, { backend });
};

it('WebGL in float16 is passed over, since training may fail there', async () => {
  expect(await prepare(false, 'auto')).toEqual({
    name: 'cpu',
    reason: 'plain JavaScript; not used: WebGL has only float16 here, in which training may fail',
    version: '2',
  });
  expect(tf.getBackend()).toBe('cpu');
});

it('WebGL in float16 is taken where it is asked for, with a warning', async () => {
  expect(await prepare(false, 'webgl')).toEqual({
    name: 'webgl',
    reason: 'WebGL in float16, the best that this device renders: training may fail, as asked',
    version: '1',
  });
  expect(tf.getBackend()).toBe('webgl');
});

it('WebGL in float32 is taken', async () => {
  expect(await prepare(true, 'auto')).toEqual({ name: 'webgl', reason: 'WebGL', version: '1' });
});
