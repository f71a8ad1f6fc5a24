import { lerp, mul, optimizerClass, sub } from '@steepest/optimizer';
import { conformanceChecks, type ReferenceStep } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { type MuonOptions, muonRule } from '../src/index.ts';
import { muonReference } from './muon-reference.ts';

const isMatrix = ({ shape }: { shape: readonly number[] }): boolean =>
  shape.length === 2 || shape.length === 3;

/** The suite's models also have vectors, which Muon refuses: here they move by their momentum. */
const withVectors: typeof muonRule = {
  ...muonRule,
  name: 'muon-and-momentum',
  slots: (context) =>
    isMatrix(context.parameter) ? muonRule.slots(context) : { momentum: { shape: 'parameter' } },
  update(tensors, scalars, context) {
    if (isMatrix(context.parameter)) return muonRule.update(tensors, scalars, context);
    const momentum = lerp(tensors.gradient, tensors.momentum!, scalars.momentum);
    return { parameter: sub(tensors.parameter, mul(scalars.learningRate, momentum)), momentum };
  },
};

const referenceWithVectors: ReferenceStep = (input) => {
  if (isMatrix(input)) return muonReference(input);
  const { parameter, gradient, state, options } = input;
  state.momentum ??= new Float64Array(parameter.length);
  const { momentum } = state;
  gradient.forEach((g, i) => {
    momentum[i] = options.momentum * momentum[i]! + (1 - options.momentum) * g;
    parameter[i]! -= options.learningRate * momentum[i]!;
  });
};

const checks = conformanceChecks<MuonOptions>({
  optimizer: optimizerClass(withVectors, 'SteepestMuonAndMomentum'),
  reference: referenceWithVectors,
  variants: [
    { name: 'without Nesterov', options: { nesterov: false } },
    { name: 'weights stored [inputs, outputs]', options: { updateScale: 'columns' } },
    { name: 'scaled as AdamW', options: { updateScale: 'rms' } },
  ],
});

for (const check of checks) it(check.name, check.run);
