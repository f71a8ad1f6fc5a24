/** The subjects of the conformance suite, in the order in which it goes through them. */
export const checkKinds = [
  'capabilities',
  'golden',
  'reference',
  'interpreters',
  'shapes',
  'gradients',
  'refresh',
  'resume',
  'released states',
  'groups',
  'schedules',
  'accumulation',
  'clipping',
  'non-finite gradients',
  'maximize',
  'average',
  'memory',
  'extremes',
  'options',
  'layers model',
] as const;

/** What a check is about. */
export type CheckKind = (typeof checkKinds)[number];

/** What a test runner hands to a test: the contexts of Vitest and node:test are such. */
export interface CheckContext {
  /** Reports the running test as skipped. */
  skip?(reason: string): unknown;
}

/** One claim about an optimizer, for any test runner: `it(check.name, check.run)`. */
export interface Check {
  readonly name: string;
  readonly kind: CheckKind;
  /** Why it cannot run here; `undefined` where it can. */
  readonly skipped?: string;
  /**
   * Throws when the claim does not hold. A check that cannot run here calls `skip` of the runner's context, and throws
   * where there is none.
   */
  readonly run: (...context: readonly [CheckContext?]) => Promise<void>;
}
