import { type EngineOptions, engineOptionKeys } from './engine-options.ts';
import { foreignProperties } from './foreign-names.ts';
import type { OptimizerMember } from './group-table.ts';
import { checkKeys, type HyperparameterValue } from './option-checks.ts';

/** What the properties of hyperparameters read and write. */
interface Holder {
  hyperparameterAt(name: string): number;
  setHyperparameter(name: string, value: HyperparameterValue): void;
}

/** Options of an optimizer that are settled when it is made, besides the settings of its rule. */
const settledOptions: readonly string[] = [
  'weightDecayMode',
  'peakLearningRate',
  'stateFormat',
  'stateMinimumSize',
  'groups',
  ...engineOptionKeys,
];

/**
 * Makes options properties of an optimizer: a hyperparameter reads as the number of the next step and obeys an assignment,
 * any other option refuses one. Without them `optimizer.beta1 = 0.5` would make a property that nothing reads.
 *
 * @throws Error if a rule names a hyperparameter or setting like something that every optimizer has.
 */
export function defineOptionProperties(
  optimizer: Holder,
  label: string,
  members: readonly OptimizerMember[],
  engine: EngineOptions,
): void {
  const define = (name: string, property: PropertyDescriptor): void => {
    Object.defineProperty(optimizer, name, { configurable: true, enumerable: false, ...property });
  };
  const refuse = (name: string) => (): never => {
    throw new Error(
      `${label}: ${name} cannot be assigned; make another optimizer with it, and give that this one's state`,
    );
  };
  const hyperparameters = new Set(members.flatMap(({ rule }) => Object.keys(rule.hyperparameters)));
  hyperparameters.delete('learningRate');
  const settings = new Set(members.flatMap(({ rule }) => Object.keys(rule.settings ?? {})));
  for (const name of [...hyperparameters, ...settings]) {
    if (!(name in optimizer)) continue;
    throw new Error(
      `${label}: "${name}" is a property of every optimizer and cannot name an option of a rule`,
    );
  }
  for (const name of hyperparameters) {
    define(name, {
      get: () => optimizer.hyperparameterAt(name),
      set: (value: HyperparameterValue) => optimizer.setHyperparameter(name, value),
    });
  }
  const [only] = members.length === 1 ? members : [];
  const options: Readonly<Record<string, unknown>> = { ...engine, ...only?.options };
  for (const name of [...settings, ...settledOptions]) {
    if (name in optimizer) continue;
    const value = options[name] ?? only?.rule.settings?.[name]?.default;
    define(name, { get: () => value, set: refuse(name) });
  }
  const known = ['learningRate', 'weightDecay', ...hyperparameters, ...settings, ...settledOptions];
  for (const name of foreignProperties) {
    if (name in optimizer) continue;
    define(name, {
      get: () => undefined,
      set: (value: unknown) => checkKeys(label, { [name]: value }, known),
    });
  }
}
