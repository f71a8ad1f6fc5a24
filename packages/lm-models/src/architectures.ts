import { gpt2 } from './architectures/gpt2.ts';
import { llama } from './architectures/llama.ts';
import { zhao2024 } from './architectures/zhao2024.ts';
import type { ModelConfig } from './model-options.ts';
import type { Architecture, Network } from './network.ts';
import { type ParameterDescription, ParameterScope } from './parameters.ts';

const architectures = new Map([zhao2024, gpt2, llama].map((known) => [known.name, known]));

/**
 * Makes an architecture known by its name, to options of models and to checkpoints.
 *
 * @throws Error when another architecture has its name
 */
export function defineArchitecture(architecture: Architecture): Architecture {
  const other = architectures.get(architecture.name);
  if (other !== undefined && other !== architecture) {
    throw new Error(`another architecture is called "${architecture.name}"; choose another name`);
  }
  architectures.set(architecture.name, architecture);
  return architecture;
}

/** Names of all architectures that have been defined. */
export function architectureNames(): string[] {
  return [...architectures.keys()];
}

/** The architecture of this name, if one has been defined. */
export function architectureNamed(name: string): Architecture | undefined {
  return architectures.get(name);
}

/** Builds the network of a model, and its parameters in the order of the computation, without allocating any. */
export function buildNetwork(config: ModelConfig): { network: Network; parameters: ParameterScope } {
  const architecture = architectureNamed(config.architecture);
  if (architecture === undefined) throw new Error(`no architecture is called "${config.architecture}"`);
  const parameters = new ParameterScope();
  return { network: architecture.build(parameters, config), parameters };
}

/**
 * Every trainable tensor of a model, in the order of the computation.
 *
 * Initial weights: normal with standard deviation 1/sqrt(fan-in), in the projections back into the residual stream
 * divided by sqrt(2 (block + 1)), blocks counting from 0. Norms start at one, biases at zero.
 */
export function parameterDescriptions(config: ModelConfig): ParameterDescription[] {
  return buildNetwork(config).parameters.declared.map(({ description }) => description);
}
