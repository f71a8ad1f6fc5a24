export { defineArchitecture, parameterDescriptions } from './architectures.ts';
export { modelConfig } from './config.ts';
export type { FlopCount, ParameterCounts } from './counts.ts';
export { countParameters, flopsPerToken } from './counts.ts';
export type { LanguageModelLoss } from './language-model.ts';
export {
  createLanguageModel,
  LanguageModel,
  loadLanguageModel,
  loadLanguageModelFrom,
} from './language-model.ts';
export type {
  ArchitectureOptions,
  LanguageModelOptions,
  ModelConfig,
  Norm,
  PositionEncoding,
} from './model-options.ts';
export { attention } from './modules/attention.ts';
export { type Embedding, embedding } from './modules/embedding.ts';
export { linearLayer } from './modules/linear-layer.ts';
export { mlp } from './modules/mlp.ts';
export { normalization } from './modules/normalization.ts';
export type { Architecture, Batch, Module, Network } from './network.ts';
export type { Activation } from './operations/activation.ts';
export {
  type MatrixOptions,
  Parameter,
  type ParameterDescription,
  type ParameterRole,
  ParameterScope,
} from './parameters.ts';
export type { GenerateOptions } from './sampling.ts';
export type { ModelShape, ModelSize } from './sizes.ts';
export { modelSizes } from './sizes.ts';
export type { ModelVariable } from './variables.ts';
