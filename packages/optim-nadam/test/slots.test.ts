import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { NAdam } from '../src/index.ts';

describe('the state of NAdam', () => {
  it.each([[[]], [[3]], [[2, 3]]])(
    'of the shape %j has one number for the product of the momenta',
    async (shape) => {
      const weight = tf.variable(tf.ones(shape), true, 'nadam/slots');
      const optimizer = new NAdam();
      tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.ones(shape) }));
      const { muProductComplement } = (await optimizer.state()).parameters[weight.name]!.slots;
      expect(muProductComplement!.shape).toEqual([1]);
      // Dozat 2016, and PyTorch's mu_product: mu_1 = beta1 * (1 - 0.96^momentumDecay / 2).
      expect(muProductComplement!.data[0]).toBeCloseTo(1 - 0.9 * (1 - 0.96 ** 0.004 / 2), 6);
      optimizer.dispose();
      weight.dispose();
    },
  );
});
