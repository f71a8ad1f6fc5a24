import { loadTensorflow } from '@steepest/tensorflow';
import * as tf from '@tensorflow/tfjs';
import { afterEach, expect } from 'vitest';

// Tests that choose no backend then run on TensorFlow, and one that left it would say nothing about it.
const device = process.env.STEEPEST_TENSORFLOW_DEVICE === 'gpu' ? 'gpu' : 'cpu';
loadTensorflow({ device, threads: 1 });
await tf.setBackend('tensorflow');
afterEach(() => expect(tf.getBackend()).toBe('tensorflow'));
