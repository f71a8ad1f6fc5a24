import * as tf from '@tensorflow/tfjs-core';
import type { NamedGradient } from './gradients.ts';
import { show } from './option-checks.ts';

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
  /** Called when the step has been taken; an error thrown here reaches the caller, and the step stays. */
  readonly afterStep?: ((event: StepEvent) => void) | undefined;
}

/** The hooks of an optimizer, called in the order they were added. */
export class StepHooks {
  private readonly hooks = new Set<StepHook>();

  /**
   * @returns a function that removes the hook
   * @throws Error if it is not an object with a function `beforeStep`, `afterStep` or both
   */
  add(hook: StepHook): () => void {
    const { beforeStep, afterStep } = (hook ?? {}) as StepHook;
    const given = [beforeStep, afterStep].filter((part) => part !== undefined);
    if (given.length === 0 || !given.every((part) => typeof part === 'function')) {
      throw new Error(
        `a step hook must be an object such as { beforeStep: (event) => { ... } }, with afterStep or both, got ${show(hook)}`,
      );
    }
    // An object of its own, so that a hook added twice is called twice.
    const entry = { beforeStep: beforeStep?.bind(hook), afterStep: afterStep?.bind(hook) };
    this.hooks.add(entry);
    return () => this.hooks.delete(entry);
  }

  /**
   * Runs a step between its hooks.
   *
   * @param gradientCount How many gradients each of the sums is made of.
   */
  around(step: number, sums: readonly NamedGradient[], gradientCount: number, takeStep: () => void): void {
    if (this.hooks.size === 0) {
      takeStep();
      return;
    }
    const gradients = sums.map(({ variable: { name }, gradient }) => ({
      name,
      tensor: gradientCount === 1 ? tf.clone(gradient) : tf.div(gradient, gradientCount),
    }));
    const event = { step, gradients };
    try {
      for (const { beforeStep } of this.hooks) beforeStep?.(event);
      takeStep();
      for (const { afterStep } of this.hooks) afterStep?.(event);
    } finally {
      for (const { tensor } of gradients) tensor.dispose();
    }
  }
}
