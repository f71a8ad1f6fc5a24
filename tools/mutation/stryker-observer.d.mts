import type { Stryker } from '@stryker-mutator/core';

/** What Stryker knows of a mutant once it is tested. */
export type StrykerResult = Readonly<Awaited<ReturnType<Stryker['runMutationTest']>>[number]>;

/** What Stryker knows of a test. */
export interface StrykerTest {
  readonly id: string;
  readonly name: string;
  /** Absolute path. */
  readonly fileName?: string;
}

export interface StrykerObserver {
  /** Called once, when all tests have passed without a mutant. */
  onTests(tests: readonly StrykerTest[]): void;
  /** Called with each result as soon as it is known, first with those of earlier runs. */
  onResult(result: StrykerResult): void;
}

/** Those of the runs of this process. */
export declare const observers: Set<StrykerObserver>;
