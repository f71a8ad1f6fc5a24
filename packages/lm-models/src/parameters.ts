import type * as tf from '@tensorflow/tfjs-core';

/** What a variable does in the model; parameter groups are written by role. */
export type ParameterRole = 'embedding' | 'lastLayer' | 'norm' | 'attention' | 'mlp' | 'bias';

/** One trainable tensor of a model. */
export interface ParameterDescription {
  /** For instance `blocks/3/attention/qkv/weight`; blocks count from 0. */
  readonly path: string;
  readonly role: ParameterRole;
  /** Matrices are [outputs, inputs]; the embedding is [vocabularySize, modelWidth]. */
  readonly shape: readonly number[];
  /** Standard deviation of the initial weights before truncation at 3; 0 means zeros, `undefined` ones. */
  readonly standardDeviation: number | undefined;
}

/** A parameter that a module has declared. */
export class Parameter<R extends tf.Rank = tf.Rank> {
  readonly description: ParameterDescription;
  #variable: tf.Tensor<R> | undefined;

  constructor(description: ParameterDescription) {
    this.description = description;
  }

  /** Its tensor. @throws Error before the model has made its variables */
  get value(): tf.Tensor<R> {
    if (this.#variable === undefined) {
      throw new Error(
        `${this.description.path} has no value: the model of this parameter has not been created`,
      );
    }
    return this.#variable;
  }

  /** Gives it its variable, once. */
  bind(variable: tf.Tensor): void {
    this.#variable = variable as tf.Tensor<R>;
  }
}

/** How a matrix starts: a truncated normal distribution with standard deviation 1 / sqrt(inputs), divided by `shrink`. */
export interface MatrixOptions {
  /** Default 1. */
  readonly shrink?: number;
}

/**
 * Where modules declare their parameters, in the order of the computation.
 *
 * Modules take one and declare what they need under names of their own; {@link within} gives a part of a model a prefix.
 */
export class ParameterScope {
  readonly #prefix: string;
  readonly #declared: Map<string, Parameter>;

  constructor(prefix = '', declared = new Map<string, Parameter>()) {
    this.#prefix = prefix;
    this.#declared = declared;
  }

  /** All that have been declared so far, in this scope and those around it and in it. */
  get declared(): readonly Parameter[] {
    return [...this.#declared.values()];
  }

  /** The same declarations, with paths below `name`. */
  within(name: string | number): ParameterScope {
    return new ParameterScope(this.#path(String(name)), this.#declared);
  }

  /** Declares a matrix [outputs, inputs]. @throws Error when its path is taken */
  matrix(
    name: string,
    role: ParameterRole,
    outputs: number,
    inputs: number,
    { shrink = 1 }: MatrixOptions = {},
  ): Parameter<tf.Rank.R2> {
    return this.#declare(name, role, [outputs, inputs], 1 / Math.sqrt(inputs) / shrink);
  }

  /** Declares a vector of ones, or of zeros. @throws Error when its path is taken */
  vector(name: string, role: ParameterRole, length: number, start: 'ones' | 'zeros'): Parameter<tf.Rank.R1> {
    return this.#declare(name, role, [length], start === 'ones' ? undefined : 0);
  }

  #declare<R extends tf.Rank>(
    name: string,
    role: ParameterRole,
    shape: readonly number[],
    standardDeviation: number | undefined,
  ): Parameter<R> {
    const path = this.#path(name);
    if (this.#declared.has(path)) {
      throw new Error(
        `two parameters of this architecture are called "${path}": give each module a scope of its own`,
      );
    }
    const parameter = new Parameter<R>({ path, role, shape, standardDeviation });
    this.#declared.set(path, parameter as Parameter);
    return parameter;
  }

  #path(name: string): string {
    return this.#prefix === '' ? name : `${this.#prefix}/${name}`;
  }
}
