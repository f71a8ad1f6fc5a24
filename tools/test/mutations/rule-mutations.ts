import {
  abs,
  add,
  div,
  equal,
  greater,
  lerp,
  maximum,
  mul,
  pow,
  sqrt,
  square,
  sub,
  where,
} from '@steepest/optimizer';
import { type Mutation, ruleMutant } from './mutation.ts';

/** Mistakes in an update rule. */
export const ruleMutations: readonly Mutation[] = [
  {
    name: 'flips the sign of the update',
    make: ruleMutant((update) => ({
      update(tensors, scalars, context) {
        const outputs = update(tensors, scalars, context);
        const move = sub(tensors.parameter, outputs.parameter!);
        return { ...outputs, parameter: add(tensors.parameter, move) };
      },
    })),
    breaks: ['golden', 'reference', 'shapes', 'released states'],
  },
  {
    name: 'keeps the last gradient of a large tensor in place of the average',
    make: ruleMutant((update) => ({
      update(tensors, scalars, context) {
        const outputs = update(tensors, scalars, context);
        return context.parameter.size <= 1000 ? outputs : { ...outputs, momentum: tensors.gradient };
      },
    })),
    breaks: ['shapes'],
  },
  {
    name: 'takes epsilon as the least root in place of adding it',
    make: ruleMutant(() => ({
      update({ parameter, gradient, momentum, secondMoment }, { learningRate, beta1, beta2, epsilon, step }) {
        const m = lerp(gradient, momentum!, beta1);
        const v = lerp(square(gradient), secondMoment!, beta2);
        const root = sqrt(div(v, sub(1, pow(beta2, step))));
        const rate = div(learningRate, sub(1, pow(beta1, step)));
        return {
          parameter: sub(parameter, div(mul(rate, m), maximum(root, epsilon))),
          momentum: m,
          secondMoment: v,
        };
      },
      slots: () => ({ momentum: { shape: 'parameter' }, secondMoment: { shape: 'parameter' } }),
    })),
    breaks: ['golden', 'reference', 'shapes'],
  },
  {
    name: 'drops the bias correction of the first moment',
    make: ruleMutant((update) => ({
      update(tensors, scalars, context) {
        const outputs = update(tensors, scalars, context);
        const move = sub(tensors.parameter, outputs.parameter!);
        const correction = sub(1, pow(scalars.beta1, scalars.step));
        return { ...outputs, parameter: sub(tensors.parameter, mul(correction, move)) };
      },
    })),
    breaks: ['golden', 'reference', 'shapes', 'released states'],
  },
  {
    name: 'keeps the second moment without the square',
    make: ruleMutant((update) => ({
      update(tensors, scalars, context) {
        const outputs = update(tensors, scalars, context);
        return {
          ...outputs,
          secondMoment: lerp(abs(tensors.gradient), tensors.secondMoment!, scalars.beta2),
        };
      },
    })),
    breaks: ['golden', 'reference', 'shapes', 'released states'],
  },
  {
    name: 'counts the optimizer’s steps in place of the parameter’s',
    make: ruleMutant((update) => ({
      update: (tensors, scalars, context) =>
        update(tensors, { ...scalars, step: scalars.iteration }, context),
    })),
    breaks: ['golden', 'reference'],
  },
  {
    name: 'divides zero by zero where the square of a gradient vanishes in float32',
    make: ruleMutant(() => ({
      update({ parameter, gradient, momentum, secondMoment }, { learningRate, beta1, beta2, epsilon, step }) {
        const m = lerp(gradient, momentum!, beta1);
        const v = lerp(square(gradient), secondMoment!, beta2);
        const root = sqrt(div(v, sub(1, pow(beta2, step))));
        // Equal to m / (root + epsilon), but for the rounding.
        const move = mul(div(m, v), div(v, add(root, epsilon)));
        const rate = div(learningRate, sub(1, pow(beta1, step)));
        return {
          parameter: sub(parameter, where(equal(m, 0), 0, mul(rate, move))),
          momentum: m,
          secondMoment: v,
        };
      },
      slots: () => ({ momentum: { shape: 'parameter' }, secondMoment: { shape: 'parameter' } }),
    })),
    breaks: ['golden', 'extremes'],
  },
  {
    name: 'takes a gradient of NaN for none',
    make: ruleMutant((update) => ({
      update(tensors, scalars, context) {
        const outputs = update(tensors, scalars, context);
        const size = abs(outputs.momentum!);
        const isNumber = add(greater(size, 0), equal(size, 0));
        return { ...outputs, parameter: where(isNumber, outputs.parameter!, tensors.parameter) };
      },
    })),
    breaks: ['non-finite gradients'],
  },
  {
    name: 'decays parameters that nobody asked it to decay',
    make: ruleMutant((update) => ({
      update(tensors, scalars, context) {
        const outputs = update(tensors, scalars, context);
        return { ...outputs, parameter: sub(outputs.parameter!, mul(1e-3, tensors.parameter)) };
      },
    })),
    breaks: ['golden', 'reference', 'shapes', 'released states', 'groups'],
  },
  {
    name: 'has a default out of its own range',
    make: ruleMutant(() => ({
      hyperparameters: {
        learningRate: { default: 1e-3, minimum: 0, description: 'Step size' },
        beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the first moment' },
        beta2: { default: 0.999, minimum: 0, below: 0.99, description: 'Decay of the second moment' },
        epsilon: { default: 1e-8, minimum: 0, description: 'Keeps the square root from zero' },
      },
    })),
    breaks: ['capabilities', 'golden', 'released states', 'schedules'],
  },
  {
    name: 'renames a slot after a release',
    make: ruleMutant((update) => ({
      slots: () => ({ momentum: { shape: 'parameter' }, variance: { shape: 'parameter' } }),
      update({ variance, ...tensors }, scalars, context) {
        const { secondMoment, ...outputs } = update(
          { ...tensors, secondMoment: variance! } as Parameters<typeof update>[0],
          scalars,
          context,
        );
        return { ...outputs, variance: secondMoment! };
      },
    })),
    breaks: ['golden', 'released states'],
  },
];
