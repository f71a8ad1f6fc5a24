import type { Check } from '../check.ts';
import { assert, assertEqual } from '../comparison.ts';
import { isAllowed, type Subject } from '../subject.ts';

/** What decides which checks an optimizer gets, and those that are skipped here. */
function traitsOf({ record, readsIteration, parameters }: Subject, skipped: readonly string[]): string[] {
  const { signBased, ownsDecay, refresh, average, transforms } = record.capabilities;
  const ranks = [...new Set(parameters.map(({ shape }) => shape.length))].sort();
  return [
    signBased ? 'sign-based' : 'smooth',
    ownsDecay ? 'own weight decay' : 'weight decay of the engine',
    readsIteration ? 'one clock for all parameters' : 'a clock for each parameter',
    ...(refresh ? ['refresh'] : []),
    ...(average ? ['an iterate of its own to evaluate with'] : []),
    ...(transforms ? ['transforms'] : []),
    `parameters of ${ranks.join(', ')} axes`,
    ...skipped,
  ];
}

/** How many of the checks are skipped, and why. */
function skippedOf(checks: readonly Check[]): string[] {
  const reasons = new Map<string, number>();
  for (const { skipped } of checks) {
    if (skipped !== undefined) reasons.set(skipped, (reasons.get(skipped) ?? 0) + 1);
  }
  return [...reasons].map(([reason, count]) => `${count} of ${checks.length} checks skipped: each ${reason}`);
}

/**
 * That the record an optimizer describes itself with holds, and which capabilities the suite took from it.
 *
 * @param others the subject's other checks
 */
export function capabilityChecks(subject: Subject, others: readonly Check[]): Check[] {
  const { record, rule, optimizer } = subject;
  return [
    {
      name: subject.named(`was checked as: ${traitsOf(subject, skippedOf(others)).join('; ')}`),
      kind: 'capabilities',
      run: async () => {
        const { capabilities } = record;
        assertEqual(capabilities.signBased, rule.signBased === true, 'signBased');
        assertEqual(capabilities.ownsDecay, rule.ownsDecay === true, 'ownsDecay');
        assertEqual(capabilities.refresh, rule.refresh !== undefined, 'refresh');
        assertEqual(capabilities.average, rule.average !== undefined, 'average');
      },
    },
    {
      name: subject.named('describes its name, paper and options, with defaults in their ranges'),
      kind: 'capabilities',
      run: async () => {
        assertEqual(record.name, rule.name, 'name');
        assert(/^[a-z][a-z0-9-]*$/.test(record.name), `"${record.name}" is not a short lower-case name`);
        assert(optimizer.className.length > 0, 'there is no class name');
        for (const key of ['authors', 'title', 'source'] as const) {
          assert(record.paper[key].length > 0, `the paper has no ${key}`);
        }
        for (const { name, description } of [...record.hyperparameters, ...record.settings]) {
          assert(description.length > 0, `${name} has no description`);
        }
        for (const [name, spec] of Object.entries(rule.hyperparameters)) {
          assert(isAllowed(spec.default, spec), `the default of ${name} is out of its range`);
        }
        for (const [name, spec] of Object.entries(rule.settings ?? {})) {
          const { default: value, check } = spec as { default: unknown; check(value: unknown): unknown };
          assertEqual(check(value), undefined, `the default of ${name}`);
        }
      },
    },
    {
      name: subject.named('counts the bytes of state it holds'),
      kind: 'capabilities',
      run: () =>
        subject.withModel(async (model) => {
          const made = subject.make();
          assertEqual(made.stateBytes(), 0, 'bytes before the first step');
          model.train(made, 1, 1);
          const { parameters } = await made.state();
          const slots = Object.values(parameters).flatMap((parameter) => Object.values(parameter.slots));
          const elements = slots.reduce((total, { data }) => total + data.length, 0);
          assertEqual(made.stateBytes(), 4 * elements, 'bytes after a step');
          made.dispose();
        }),
    },
  ];
}
