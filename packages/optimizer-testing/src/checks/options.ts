import type { HyperparameterSpec } from '@steepest/optimizer';
import type { Check } from '../check.ts';
import { assertThrows } from '../comparison.ts';
import { isAllowed, type Subject } from '../subject.ts';
import type { AnyOptions } from '../test-model.ts';

/** `a, b and c` of the range of a hyperparameter, as its errors put it. */
function range({ minimum, maximum, below }: HyperparameterSpec): string {
  const bounds = [
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(maximum === undefined ? [] : [`at most ${maximum}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
  ];
  const all = ['a finite number', ...bounds];
  return all.length === 1 ? all[0]! : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}

/** Numbers just outside the range of a hyperparameter, and those that no range holds. */
function outside(spec: HyperparameterSpec): number[] {
  const candidates = [
    ...(spec.minimum === undefined ? [] : [spec.minimum - 1e-3]),
    ...(spec.maximum === undefined ? [] : [spec.maximum + 1e-3]),
    ...(spec.below === undefined ? [] : [spec.below]),
  ];
  return [
    ...candidates.filter((value) => !isAllowed(value, spec)),
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];
}

/** That wrong options are refused when the optimizer is made, in words that say what would be right. */
export function optionChecks(subject: Subject): Check[] {
  const { rule } = subject;
  const refuses = (options: AnyOptions, message: string): void =>
    assertThrows(() => subject.make(options), message);
  const claims: Record<string, () => void | Promise<void>> = {
    'refuses an unknown option and names the nearest': () => {
      for (const name of [...Object.keys(rule.hyperparameters), ...Object.keys(rule.settings ?? {})]) {
        const misspelt = `${name}x`;
        refuses(
          { [misspelt]: 1 },
          `${rule.name} has no option "${misspelt}"; did you mean "${name}"? Known options: `,
        );
      }
      refuses({ clipGlobalNor: 1 }, 'did you mean "clipGlobalNorm"?');
    },
    'refuses options that are no object': () => {
      const make = (options: unknown) => () => new subject.optimizer(options as AnyOptions);
      assertThrows(
        make(0.1),
        `${rule.name}: options must be an object such as { learningRate: 1e-3 }, got 0.1`,
      );
      assertThrows(make(null), 'options must be an object');
    },
    'refuses what does not fit in groups': () => {
      refuses({ groups: {} }, `${rule.name}: groups must be a list, got {} (object)`);
      refuses({ groups: [null] }, `${rule.name} groups[0] must be an object with a match, got null (null)`);
      refuses({ groups: [{ learningRate: 1 }] }, `${rule.name} groups[0] needs a match`);
      const misspelt = { match: '*', weightDecai: 0 };
      refuses(
        { groups: [{ match: '*' }, misspelt] },
        `${rule.name} groups[1] has no option "weightDecai"; did you mean "weightDecay"?`,
      );
      refuses({ groups: [{ match: { rolle: 'norm' } }] }, 'match has the unknown key "rolle"');
      refuses(
        { groups: [{ match: '*', learningRate: 'fast' }] },
        `${rule.name} groups[0]: learningRate must be ${range(rule.hyperparameters.learningRate!)}`,
      );
    },
    'refuses wrong values of the options that all optimizers share': () => {
      refuses(
        { weightDecayMode: 'L2' },
        `${rule.name}: weightDecayMode must be one of decoupled, independent, fixed, l2, got "L2" (string)`,
      );
      refuses({ trainable: 1 }, `${rule.name}: trainable must be true or false, got 1`);
      for (const name of ['clipGlobalNorm', 'clipValue']) {
        refuses({ [name]: 0 }, `${rule.name}: ${name} must be a positive number, got 0`);
      }
      refuses(
        { accumulationSteps: 1.5 },
        `${rule.name}: accumulationSteps must be a whole number of at least 1, got 1.5`,
      );
      for (const name of ['maximize', 'skipNonFinite', 'recordMetrics']) {
        refuses({ [name]: 'yes' }, `${rule.name}: ${name} must be true or false, got "yes" (string)`);
      }
      refuses(
        { averageDecay: 1 },
        `${rule.name}: averageDecay must be a finite number, at least 0 and below 1`,
      );
      refuses(
        { learningRate: () => 0.1, weightDecay: 0.1, weightDecayMode: 'independent' },
        'give peakLearningRate as a positive number',
      );
    },
    'refuses to set an unknown hyperparameter, a value out of range or one of no group': () => {
      const optimizer = subject.make();
      assertThrows(
        () => optimizer.setHyperparameter('learningRte', 1),
        `${rule.name} has no option "learningRte"; did you mean "learningRate"?`,
      );
      assertThrows(
        () => optimizer.setHyperparameter('learningRate', Number.NaN),
        `${rule.name}: learningRate must be ${range(rule.hyperparameters.learningRate!)}`,
      );
      assertThrows(() => optimizer.setHyperparameter('learningRate', 1, 0), 'has no groups[0]');
      optimizer.dispose();
    },
  };
  for (const [name, spec] of Object.entries(subject.hyperparameters)) {
    claims[`refuses values of ${name} of another type or out of range, and says the range`] = () => {
      const must = `${rule.name}: ${name} must be ${range(spec)}, or a schedule of such numbers, got`;
      refuses({ [name]: '1e-3' }, `${must} "1e-3" (string)`);
      refuses({ [name]: null }, `${must} null (null)`);
      for (const value of outside(spec)) refuses({ [name]: value }, `${must} ${value}`);
    };
    if (!subject.variable.includes(name)) continue;
    claims[`refuses a schedule of ${name} that leaves its range, at the step where it does`] = () =>
      subject.withModel(async (model) => {
        const schedule = (step: number) => (step < 3 ? subject.otherValues(name)[0] : Number.NaN);
        const optimizer = subject.make({ [name]: schedule });
        model.train(optimizer, 1, 2);
        assertThrows(
          () => model.train(optimizer, 3, 3),
          `${rule.name}: the schedule of ${name} must give ${range(spec)}, gave NaN at step 3`,
        );
        optimizer.dispose();
      });
  }
  for (const [name, spec] of Object.entries(rule.settings ?? {})) {
    claims[`refuses a wrong value of the setting ${name}`] = () => {
      const problem = (spec as { check(value: unknown): string | undefined }).check({});
      refuses({ [name]: {} }, `${rule.name}: ${name} ${problem}, got {} (object)`);
    };
  }
  return Object.entries(claims).map(([claim, run]) => ({
    name: claim,
    kind: 'options',
    run: async () => run(),
  }));
}
