import { recordOf } from '@steepest/optimizer';
import { weightsAfter } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Soap, soapRule } from '../src/index.ts';

describe('SOAP', () => {
  it('has the defaults of the authors’ code', () => {
    // nikhilvyas/SOAP, soap.py: lr=3e-3, betas=(0.95, 0.95), shampoo_beta=-1 (then betas[1]), eps=1e-8, precondition_frequency=10. max_precond_dim is 10000 there; 1024 bounds the cost here.
    const { hyperparameters, settings } = recordOf(soapRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.003,
      beta1: 0.95,
      beta2: 0.95,
      epsilon: 1e-8,
      shampooBeta: 0.95,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      preconditionFrequency: 10,
      maxPreconditionerDim: 1024,
    });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: -0.5 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: -0.5 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ shampooBeta: 1 }, 'shampooBeta must be a finite number, at least 0 and below 1'],
    [{ shampooBeta: -0.5 }, 'shampooBeta must be a finite number, at least 0 and below 1'],
    [{ preconditionFrequency: 0 }, 'preconditionFrequency must be an integer from 1'],
    [{ preconditionFrequency: 1.5 }, 'preconditionFrequency must be an integer from 1'],
    [{ preconditionFrequency: '10' }, 'preconditionFrequency must be an integer from 1'],
    [{ maxPreconditionerDim: 0 }, 'maxPreconditionerDim must be an integer from 1'],
    [{ maxPreconditionerDim: 1.5 }, 'maxPreconditionerDim must be an integer from 1'],
    [{ maxPreconditionerDim: '10' }, 'maxPreconditionerDim must be an integer from 1'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Soap(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { beta1: 0 },
    { beta2: 0 },
    { epsilon: 0 },
    { shampooBeta: 0 },
    { preconditionFrequency: 1 },
    { maxPreconditionerDim: 1 },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Soap(options as object).dispose()).not.toThrow();
  });

  it('decays weights by learningRate * 0.01 of themselves unless told otherwise', async () => {
    // nikhilvyas/SOAP: weight_decay=0.01. The first gradient only prepares; the second step of a zero gradient is decay alone.
    const weights = await weightsAfter(new Soap({ learningRate: 0.5 }), [1], [[0], [0]]);
    expect(weights[0]).toBeCloseTo(1 - 0.5 * 0.01, 6);
  });
});
