import {
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import {
  AdafactorOriginal,
  type AdafactorOriginalOptions,
  pytorchAdafactor,
  transformersAdafactor,
} from '../src/index.ts';

const slotNames: Readonly<Record<string, string>> = {
  rowVariance: 'secondMomentRows',
  columnVariance: 'secondMomentColumns',
  variance: 'secondMoment',
};

/** The state under the names of this package. */
function renamed(trajectory: Trajectory): Trajectory {
  const { state } = trajectory.expected;
  const slots = Object.entries(state).map(([slot, values]) => [slotNames[slot] ?? slot, values]);
  return { ...trajectory, expected: { ...trajectory.expected, state: Object.fromEntries(slots) } };
}

function recordedHyper({ hyper }: Trajectory): AdafactorOriginalOptions {
  const { beta2Decay, epsilon1, epsilon2, clipThreshold } = hyper as unknown as AdafactorOriginalOptions;
  return { beta2Decay, epsilon1, epsilon2, clipThreshold };
}

describe('the preset of PyTorch', () => {
  const checks = goldenChecks({
    optimizer: AdafactorOriginal,
    trajectories: readTrajectories(new URL('./presets/adafactor-torch/', import.meta.url)).map(renamed),
    optionsOf: (trajectory) => ({
      ...pytorchAdafactor,
      ...recordedOptions(trajectory),
      ...recordedHyper(trajectory),
    }),
  });
  for (const check of checks) it(check.name, check.run);
});

describe('the preset of Hugging Face', () => {
  const checks = goldenChecks({
    optimizer: AdafactorOriginal,
    trajectories: readTrajectories(new URL('./presets/adafactor-transformers/', import.meta.url)).map(
      renamed,
    ),
    optionsOf: (trajectory) => {
      const { hyper } = trajectory;
      const { learningRate, ...recorded } = recordedOptions(trajectory);
      return {
        ...transformersAdafactor,
        ...recorded,
        ...recordedHyper(trajectory),
        // The rates of a relative step are what the rule makes of the gradients of each parameter.
        ...(hyper.relativeStep === true ? {} : { learningRate }),
        beta1: (hyper.beta1 ?? 0) as number,
        scaleParameter: hyper.scaleParameter as boolean,
        relativeStep: hyper.relativeStep as boolean,
        warmupInit: hyper.warmupInit as boolean,
      };
    },
  });
  for (const check of checks) it(check.name, check.run);
});
