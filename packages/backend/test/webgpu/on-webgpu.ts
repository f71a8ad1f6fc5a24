import * as tf from '@tensorflow/tfjs';
import { afterEach, expect } from 'vitest';
import { missing, runOnWebgpu } from './webgpu.ts';

// Tests that choose no backend then run on WebGPU, and one that left it would say nothing about it.
if (missing !== undefined) throw new Error(`There is no WebGPU here: ${missing}.`);
runOnWebgpu();
afterEach(() => expect(tf.getBackend()).toBe('webgpu'));
