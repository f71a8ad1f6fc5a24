import * as tf from '@tensorflow/tfjs-core';
import { initialWeights } from './initialization.ts';
import type { Parameter, ParameterRole } from './parameters.ts';

/** A trainable variable with its place in the model and its role. */
export interface ModelVariable extends tf.Variable {
  /** For instance `blocks/3/attention/qkv/weight`; `name` is the path after the model's scope, if it has one. */
  readonly path: string;
  readonly role: ParameterRole;
}

/**
 * Makes the variables of a model with their initial weights, and binds its parameters to them.
 *
 * @param seed of the initial weights
 * @throws Error when a variable of one of these names exists: names are global in TensorFlow.js, and
 *   optimizers keep their state by name, so a name made unique in silence would lose it on resuming
 */
export function createVariables(
  parameters: readonly Parameter[],
  seed: number,
  scope: string | undefined,
): ModelVariable[] {
  const nameOf = (path: string) => (scope === undefined ? path : `${scope}/${path}`);
  const { registeredVariables } = tf.engine();
  const taken = parameters.find(({ description }) =>
    Object.hasOwn(registeredVariables, nameOf(description.path)),
  );
  if (taken) {
    throw new Error(
      `a variable named "${nameOf(taken.description.path)}" exists already: ` +
        'dispose of the other model first, or give this one another scope, e.g. { scope: "second" }',
    );
  }
  return parameters.map((parameter) =>
    tf.tidy(() => {
      const { path, role, shape } = parameter.description;
      const weights = tf.tensor(initialWeights(parameter.description, seed), [...shape]);
      const variable = Object.assign(tf.variable(weights, true, nameOf(path)), { path, role });
      parameter.bind(variable);
      return variable;
    }),
  );
}
