import { prepareBackend } from '@steepest/backend';
import * as tf from '@tensorflow/tfjs';
import { afterEach, expect } from 'vitest';

// Tests that choose no backend then run on TensorFlow, and one that left it would say nothing about it.
await prepareBackend({ backend: 'node', threads: 1 });
afterEach(() => expect(tf.getBackend()).toBe('tensorflow'));
