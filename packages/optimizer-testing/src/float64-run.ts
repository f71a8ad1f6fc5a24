import { type EngineOptions, Float64Optimizer, type ParameterInfo } from '@steepest/optimizer';
import { engineOptionsIn } from './replay.ts';
import type { Subject } from './subject.ts';
import type { AnyOptions } from './test-model.ts';
import { initialValue } from './test-model.ts';

/** A run of the float64 engine. */
export interface Float64Run {
  readonly options?: AnyOptions;
  readonly engine?: EngineOptions;
  readonly steps: number;
  readonly gradients: (step: number) => Readonly<Record<string, ArrayLike<number> | null>>;
  readonly initialOf?: (info: ParameterInfo) => ArrayLike<number>;
  /** Those of the subject by default. */
  readonly parameters?: readonly ParameterInfo[];
  readonly afterStep?: (engine: Float64Optimizer, step: number) => void;
}

/** What is read of parameters, by name. */
export function byName<T>(
  parameters: readonly ParameterInfo[],
  read: (name: string) => T,
): Record<string, T> {
  return Object.fromEntries(parameters.map(({ name }) => [name, read(name)]));
}

/** Runs the float64 engine. @returns the parameters after the last step */
export function runInEngine(subject: Subject, run: Float64Run): Record<string, Float64Array> {
  const { options = {}, steps, gradients, initialOf = initialValue, afterStep } = run;
  const { parameters = subject.parameters } = run;
  const all = subject.with(options);
  const engine = { ...engineOptionsIn(all), ...run.engine };
  const optimizer = new Float64Optimizer([{ rule: subject.rule, options: all }], engine);
  for (const info of parameters) optimizer.add(info, initialOf(info));
  for (let step = 1; step <= steps; step++) {
    optimizer.step(gradients(step));
    afterStep?.(optimizer, step);
  }
  return byName(parameters, (name) => optimizer.value(name));
}
