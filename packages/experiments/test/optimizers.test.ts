import '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { loadOptimizers } from '../src/definition/installed-optimizers.ts';
import type { OptimizerRecipe } from '../src/definition/recipe.ts';
import { resolveOptimizer } from '../src/definition/resolved-optimizer.ts';
import { createOptimizer } from '../src/training/create-optimizer.ts';
import { createSchedule } from '../src/training/create-schedule.ts';

beforeAll(async () => {
  await loadOptimizers();
});

const recipeOf = (optimizer: string, options: object = {}): OptimizerRecipe => ({
  members: [{ optimizer, options: { learningRate: 0.5, ...options } }],
});

it.each(['lamb', 'lars'])('%s is itself without weight decay too, unless told otherwise', (name) => {
  expect(resolveOptimizer(recipeOf(name)).members[0]!.options.alwaysAdapt).toBe(true);
  const told = resolveOptimizer(recipeOf(name, { alwaysAdapt: false }));
  expect(told.members[0]!.options.alwaysAdapt).toBe(false);
});

it('a rate that only starts step sizes is the one asked for, not the first of the warm-up', () => {
  const warmup = (peak: number) => createSchedule({ type: 'study', warmupFraction: 0.5 }, peak, 20, 0);
  const rateOf = (name: string): number => {
    const optimizer = createOptimizer(recipeOf(name), warmup);
    const { learningRate } = optimizer as unknown as { learningRate: number };
    optimizer.dispose();
    return learningRate;
  };
  expect(rateOf('rprop')).toBe(0.5);
  expect(rateOf('sgd')).toBeLessThan(0.1);
});
