/** The subjects of the conformance suite, in the order in which it goes through them. */
export const checkKinds = [
  'capabilities',
  'golden',
  'reference',
  'interpreters',
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

/** One claim about an optimizer, for any test runner: `it(check.name, check.run)`. `run` throws when it fails. */
export interface Check {
  readonly name: string;
  readonly kind: CheckKind;
  readonly run: () => Promise<void>;
}
