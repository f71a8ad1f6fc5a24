import { loadTensorflow } from '@steepest/tensorflow';
import * as tf from '@tensorflow/tfjs';
import { afterEach, expect } from 'vitest';

// Tests that choose no backend then run on TensorFlow, and one that left it would say nothing about it.
loadTensorflow({ device: 'cpu', threads: 1 });
await tf.setBackend('tensorflow');
afterEach(() => expect(tf.getBackend()).toBe('tensorflow'));
