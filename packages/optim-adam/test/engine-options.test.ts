import type { GradientFilter } from '@steepest/optimizer';
import {
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { type AdamOptions, AdamW } from '../src/index.ts';

function adamOf(trajectory: Trajectory): AdamOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
  };
}

/**
 * The parameters that have a gradient in every step. The source's default path counts steps by group: one that has missed a
 * gradient is corrected otherwise there than here. Each tensor has a mask of its own, so that the others do not notice.
 */
function withoutGaps(trajectory: Trajectory): Trajectory {
  if (trajectory.hyper.stepCounter !== 'group') return trajectory;
  const kept = trajectory.params.flatMap((_, index) =>
    trajectory.grads.every((gradients) => gradients[index] !== null) ? [index] : [],
  );
  const pick = <T>(list: readonly T[]): T[] => kept.map((index) => list[index]!);
  const { params, state, steps } = trajectory.expected;
  return {
    ...trajectory,
    params: pick(trajectory.params),
    grads: trajectory.grads.map(pick),
    expected: {
      steps,
      params: params.map(pick),
      state: Object.fromEntries(Object.entries(state).map(([slot, values]) => [slot, pick(values)])),
    },
  };
}

describe('AdamW with cautious updates', () => {
  const checks = goldenChecks({
    optimizer: AdamW,
    trajectories: readTrajectories(new URL('./engine-options/cautious/', import.meta.url)).map(withoutGaps),
    optionsOf: (trajectory) => ({
      ...adamOf(trajectory),
      cautious: 'mean' as const,
      epsilonPlacement: trajectory.hyper.epsilonPlacement as 'corrected' | 'uncorrected',
    }),
  });
  for (const check of checks) it(check.name, check.run);
});

function filterOf({ hyper }: Trajectory): GradientFilter {
  const strength = hyper.filterStrength as number;
  return hyper.filter === 'ema'
    ? { kind: 'average', decay: hyper.filterDecay as number, strength }
    : { kind: 'window', size: hyper.windowSize as number, strength };
}

describe('AdamW behind Grokfast', () => {
  const checks = goldenChecks({
    optimizer: AdamW,
    trajectories: readTrajectories(new URL('./engine-options/grokfast/', import.meta.url)),
    optionsOf: (trajectory) => ({ ...adamOf(trajectory), gradientFilter: filterOf(trajectory) }),
    // The authors' code keeps its window in a queue, which the runs do not hold.
    uncomparedSlots: Array.from({ length: 5 }, (_, index) => `recentGradient${index}of5`),
    // The average nearly cancels in places: the authors' own code in float32 is as far from its run in float64.
    float32Tolerance: 2e-4,
  });
  for (const check of checks) it(check.name, check.run);
});
