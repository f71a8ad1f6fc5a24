export type { LanguageModelOptions, ModelConfig } from './config.ts';
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
export type { Activation } from './operations/activation.ts';
export { type ParameterDescription, type ParameterRole, parameterDescriptions } from './parameters.ts';
export type { GenerateOptions } from './sampling.ts';
export type { ModelShape, ModelSize } from './sizes.ts';
export { modelSizes } from './sizes.ts';
export type { ModelVariable } from './variables.ts';
