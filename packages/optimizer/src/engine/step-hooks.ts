import * as tf from '@tensorflow/tfjs-core';
import type { NamedGradient } from './gradients.ts';

/** One step of an optimizer, as its hooks see it. */
export interface StepEvent {
  /** Number of the step, counted from 1. */
  readonly step: number;
  /** The gradients of the step before clipping, the mean where they are accumulated. Valid during the call. */
  readonly gradients: readonly { readonly name: string; readonly tensor: tf.Tensor }[];
}

/** Functions called around every step. */
export interface StepHook {
  /** Called before anything changes; an error thrown here cancels the step. */
  readonly beforeStep?: ((event: StepEvent) => void) | undefined;
  readonly afterStep?: ((event: StepEvent) => void) | undefined;
}

/** The hooks of an optimizer, called in the order they were added. */
export class StepHooks {
  private readonly hooks = new Set<StepHook>();

  /** @returns a function that removes the hook */
  add(hook: StepHook): () => void {
    // An object of its own, so that a hook added twice is called twice.
    const entry = { ...hook };
    this.hooks.add(entry);
    return () => this.hooks.delete(entry);
  }

  /** Runs a step between its hooks. @param gradientCount How many gradients each of them sums up. */
  around(step: number, sums: readonly NamedGradient[], gradientCount: number, takeStep: () => void): void {
    if (this.hooks.size === 0) {
      takeStep();
      return;
    }
    const means = sums.map(({ variable: { name }, gradient }) => ({
      name,
      tensor: gradientCount === 1 ? tf.clone(gradient) : tf.div(gradient, gradientCount),
    }));
    const event = { step, gradients: means };
    try {
      for (const { beforeStep } of this.hooks) beforeStep?.(event);
      takeStep();
      for (const { afterStep } of this.hooks) afterStep?.(event);
    } finally {
      for (const { tensor } of means) tensor.dispose();
    }
  }
}
