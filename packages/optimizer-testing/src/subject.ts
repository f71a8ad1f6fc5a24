import {
  type Expression,
  type HyperparameterSpec,
  type OptimizerClass,
  type OptimizerRecord,
  type ParameterInfo,
  planUpdate,
  type RuleOptimizer,
  type UpdateRule,
} from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';
import type { OptionalPackages } from './optional-packages.ts';
import type { References } from './reference.ts';
import {
  type AnyOptions,
  allParameters,
  type GradientsOf,
  isOfFew,
  parametersOf,
  type TestedShape,
  type TestModel,
  type Values,
  withModel,
} from './test-model.ts';

/** Any optimizer class, with its options unchecked by the compiler. */
export type AnyOptimizerClass = OptimizerClass<AnyOptions>;

/** Weight decay as a hyperparameter: every optimizer has it. */
const weightDecay: HyperparameterSpec = { default: 0, minimum: 0, description: 'Decay of the parameters' };

/** Larger than most defaults, so that float32 holds several digits of a step. */
const learningRate = 0.02;

/** A matrix, which every rule takes. */
const matrix = allParameters.find(({ role }) => role === 'matrix')!;

/** What all variants of an optimizer are checked with. */
export interface Surroundings {
  readonly references: References;
  readonly packages: OptionalPackages;
  /** Shapes of the checks of kind `shapes`. */
  readonly shapes: readonly TestedShape[];
}

/** Values of a hyperparameter that is added to gradients, or to their roots: below, about and above their size. */
export const sizesOfGradients = [2 ** -6, 0.25, 4] as const;

/** One optimizer under the options of one variant: what the checks are about. */
export class Subject {
  readonly rule: UpdateRule;
  readonly record: OptimizerRecord;
  /** Whether the update depends on the optimizer's own step, not only on the gradients a parameter has received. */
  readonly readsIteration: boolean;
  /** Whether a parameter's update depends on the others, by sums over all of them. */
  readonly sumsParameters: boolean;
  /** The parameters that the rule takes; some take matrices only. */
  readonly parameters: readonly ParameterInfo[];
  /** A few of them, for long runs. */
  readonly fewParameters: readonly ParameterInfo[];
  /** Those of the checks of kind `shapes`. */
  readonly shapedParameters: readonly ParameterInfo[];
  /** The parameters that the rule refuses. */
  readonly refusedParameters: readonly ParameterInfo[];
  private readonly options: AnyOptions;
  /** By the function that gives the gradients, or by this where they are the usual ones. */
  private readonly runs = new WeakMap<object, Map<string, Promise<Values>>>();

  constructor(
    readonly optimizer: AnyOptimizerClass,
    readonly surroundings: Surroundings,
    /** Name of the variant; `undefined` for the defaults. */
    readonly variant: string | undefined,
    options: AnyOptions,
  ) {
    this.rule = optimizer.rule;
    this.options = { learningRate, ...options };
    const made = this.make();
    this.record = made.describe();
    made.dispose();
    const shaped = parametersOf(surroundings.shapes);
    this.parameters = allParameters.filter((info) => this.takes(info));
    this.fewParameters = this.parameters.filter(isOfFew);
    this.shapedParameters = shaped.filter((info) => this.takes(info));
    this.refusedParameters = [...allParameters, ...shaped].filter((info) => !this.takes(info));
    this.sumsParameters = this.rule.groupState?.sums !== undefined;
    this.readsIteration = this.rule.groupState !== undefined || this.reads('iteration');
  }

  /** How checks call it: with the variant, if it is one. */
  named(claim: string): string {
    return this.variant === undefined ? claim : `${this.variant}: ${claim}`;
  }

  /** The variant's options, with others in addition. */
  with(options: AnyOptions = {}): AnyOptions {
    return { ...this.options, ...options };
  }

  make(options: AnyOptions = {}): RuleOptimizer {
    return new this.optimizer(this.with(options));
  }

  /** Runs `body` with a model of its own. */
  withModel<T>(body: (model: TestModel) => Promise<T>): Promise<T> {
    return withModel(this.parameters, body);
  }

  /**
   * A new model's values after `steps` steps of a new optimizer. Checks compare with the same few runs: one that was made with
   * these options and gradients on this backend is not made again.
   */
  async trained(
    options: AnyOptions,
    steps: number,
    gradients?: GradientsOf,
    parameters: readonly ParameterInfo[] = this.parameters,
    initialOf?: (info: ParameterInfo) => Float32Array,
  ): Promise<Values> {
    const run = (): Promise<Values> => this.run(options, steps, gradients, parameters, initialOf);
    if (!Object.values(options).every(isConstant) || initialOf !== undefined) return run();
    await tf.ready();
    const key = JSON.stringify([tf.getBackend(), options, steps, parameters.map(({ name }) => name)]);
    const under = this.runs.get(gradients ?? this) ?? new Map<string, Promise<Values>>();
    this.runs.set(gradients ?? this, under);
    const known = under.get(key) ?? run();
    under.set(key, known);
    return known;
  }

  private run(
    options: AnyOptions,
    steps: number,
    gradients: GradientsOf | undefined,
    parameters: readonly ParameterInfo[],
    initialOf: ((info: ParameterInfo) => Float32Array) | undefined,
  ): Promise<Values> {
    const train = async (model: TestModel): Promise<Values> => {
      const optimizer = this.make(options);
      model.train(optimizer, 1, steps, gradients);
      optimizer.dispose();
      return model.values();
    };
    return withModel(parameters, train, initialOf);
  }

  /** Whether the rule takes a parameter. A refusal is an `Error`; what a mistake in the rule throws is not caught. */
  takes(info: ParameterInfo): boolean {
    try {
      this.rule.slots(this.context(info));
      return true;
    } catch (error) {
      if (error instanceof Error && error.constructor === Error) return false;
      throw error;
    }
  }

  /** Names of the hyperparameters whose default is too small to be seen beside gradients, such as epsilon. */
  get tinyHyperparameters(): string[] {
    return Object.keys(this.rule.hyperparameters).filter((name) => this.isTiny(name));
  }

  private isTiny(name: string): boolean {
    const present = this.valueOf(name);
    const isAdded = name !== 'learningRate' && present > 0 && present < 1e-3;
    return isAdded && isAllowed(sizesOfGradients[1], this.hyperparameters[name]!);
  }

  /** The hyperparameters that schedules and `setHyperparameter` may address, weight decay included. */
  get hyperparameters(): Readonly<Record<string, HyperparameterSpec>> {
    return { ...this.rule.hyperparameters, weightDecay };
  }

  /** Those of them that may change under this variant: the rule may refuse another dampening with Nesterov's momentum. */
  get variable(): string[] {
    return Object.keys(this.hyperparameters).filter((name) =>
      this.accepts({ [name]: this.otherValues(name)[0] }),
    );
  }

  private accepts(options: AnyOptions): boolean {
    try {
      this.make(options).dispose();
      return true;
    } catch {
      return false;
    }
  }

  /** The value of a hyperparameter under these options. */
  valueOf(name: string): number {
    const defaults = this.rule.defaults as AnyOptions | undefined;
    return (this.options[name] ?? defaults?.[name] ?? this.hyperparameters[name]!.default) as number;
  }

  /** Two allowed values of a hyperparameter other than the present one, neither of them zero. */
  otherValues(name: string): readonly [number, number] {
    const spec = this.hyperparameters[name]!;
    const present = this.valueOf(name);
    const half = present > 1 && Number.isInteger(present) ? Math.ceil(present / 2) : present / 2;
    // A value that nothing can be told by is no other value.
    const near = this.isTiny(name) ? [] : [half, half / 2];
    const candidates = [...near, 0.25, 0.125, 0.5, 2, 1, 4, -0.5, -1];
    const allowed = candidates.filter((value) => value !== 0 && value !== present && isAllowed(value, spec));
    const [first, second = first] = new Set(allowed);
    if (first === undefined) throw new Error(`${name} of ${this.rule.name} allows too few values to test`);
    return [first, second!];
  }

  /** Names of the slots of a matrix under the given options. */
  slotNames(options: AnyOptions): string[] {
    return Object.keys(this.rule.slots(this.context(matrix, options))).sort();
  }

  private context(parameter: ParameterInfo, options: AnyOptions = this.options) {
    const settings = Object.entries(this.rule.settings ?? {}).map(([name, spec]) => [
      name,
      this.options[name] ?? (spec as { default: unknown }).default,
    ]);
    return {
      parameter,
      settings: Object.fromEntries(settings),
      constant: (name: string) => {
        const value = options[name] ?? this.hyperparameters[name]!.default;
        return typeof value === 'number' ? value : undefined;
      },
    };
  }

  private reads(scalar: string): boolean {
    const seen = new Set<unknown>();
    const visit = (node: unknown): boolean => {
      if (node === null || typeof node !== 'object' || seen.has(node)) return false;
      seen.add(node);
      const { kind, name } = node as Partial<Expression & { name: string }>;
      return (kind === 'scalar' && name === scalar) || Object.values(node).some(visit);
    };
    return visit(planUpdate(this.rule, this.context(matrix)).outputs);
  }
}

/** Whether JSON tells a value of an option from every other. */
const isConstant = (value: unknown): boolean =>
  Number.isFinite(value) || typeof value === 'string' || typeof value === 'boolean';

/** Whether a value is in the range of a hyperparameter. */
export function isAllowed(value: number, { minimum, maximum, below }: HyperparameterSpec): boolean {
  return (
    (minimum === undefined || value >= minimum) &&
    (maximum === undefined || value <= maximum) &&
    (below === undefined || value < below)
  );
}
