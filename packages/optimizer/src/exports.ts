export { type BatchNormBatch, type BatchNormModel, reestimateBatchNorm } from './batch-norm.ts';
export { type MemoryTraffic, memoryTraffic } from './compiler/memory-traffic.ts';
export { decodeConfig, encodeConfig } from './engine/config-codec.ts';
export type { DocumentedClass } from './engine/documented-class.ts';
export { type EngineOptionRecord, engineOptionRecords } from './engine/engine-option-records.ts';
export { type EngineOptions, engineOptionKeys } from './engine/engine-options.ts';
export { type Float64Gradients, Float64Optimizer } from './engine/float64-optimizer.ts';
export { meantOption } from './engine/foreign-names.ts';
export type { GradientFilter, MovingAverageFilter, WindowFilter } from './engine/gradient-filter.ts';
export type { GradientInput } from './engine/gradients.ts';
export type { GroupHyperparameters, HyperparameterTarget, OptimizerMember } from './engine/group-table.ts';
export { type Clipping, Optimizer } from './engine/optimizer.ts';
export {
  type Float32Slot,
  type OptimizerState,
  type PackedSlot,
  type ParameterState,
  type SavedSlot,
  slotValues,
} from './engine/optimizer-state.ts';
export type { HyperparameterValue } from './engine/option-checks.ts';
export type { SharedOptions } from './engine/parameter-group.ts';
export {
  type HyperparameterName,
  type OptimizerClass,
  type OptimizerOf,
  type OptimizerOptions,
  optimizerClass,
  type ParameterGroupOptions,
  RuleOptimizer,
  registeredOptimizers,
} from './engine/rule-optimizer.ts';
export type { StateReport } from './engine/saved-states.ts';
export { compileSelector, type ParameterSelector, type SelectorPattern } from './engine/selector.ts';
export { decodeState, encodeState, readState, streamState } from './engine/state-file.ts';
export type { StepEvent, StepHook } from './engine/step-hooks.ts';
export type { GroupMetrics, ParameterMetrics, StepMetrics, StepNorms } from './engine/step-metrics.ts';
export { type LossGradients, variableGradients } from './engine/variable-gradients.ts';
export { concatenated, stacked } from './interpreters/concatenated.ts';
export { runInFloat64 } from './interpreters/float64-interpreter.ts';
export { runOnTensors } from './interpreters/tensor-interpreter.ts';
export { describeParameter, type ParameterInfo } from './parameter.ts';
export { type OptimizerCapabilities, type OptimizerRecord, type OptionRecord, recordOf } from './record.ts';
export type { CautiousScale } from './rule/caution.ts';
export {
  abs,
  add,
  div,
  type Expression,
  equal,
  exp,
  type Float64Tensor,
  floor,
  greater,
  lerp,
  log,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  type Operand,
  pow,
  type Shape,
  sign,
  sqrt,
  square,
  sub,
  sum,
  type TensorTransform,
  type TransformBatch,
  transform,
  where,
} from './rule/expression.ts';
export { euclideanNorm, movingAverage, oneMinusPower, withoutVanished } from './rule/moments.ts';
export { type PlanFeatures, planAverage, planRefresh, planUpdate, type UpdatePlan } from './rule/plan.ts';
export { flag, oneOf, positiveInteger } from './rule/settings.ts';
export type { StateFormat, StateFormats } from './rule/state-format.ts';
export {
  defineUpdateRule,
  type GroupState,
  type HyperparameterSpec,
  likeParameter,
  type PaperReference,
  type RecommendedSettings,
  type RuleContext,
  type SettingSpec,
  type SlotSpec,
  type Summand,
  type UpdateRule,
} from './rule/update-rule.ts';
export type { WeightDecayMode } from './rule/weight-decay.ts';
