export { type CombinedMember, CombinedOptimizer, type CombineOptions, combine } from './combine.ts';
export { type LayerWiseDecayOptions, type LearningRateGroup, layerWiseDecay } from './layer-wise-decay.ts';
export { allOf, anyOf, byName, byRank, byRole, bySize, not, type SizeBounds, where } from './selectors.ts';
