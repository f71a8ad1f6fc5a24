export {
  createOptimizer,
  type NamedOptimizerOptions,
  optimizerByName,
  optimizerRecord,
} from './create-optimizer.ts';
export { listOptimizers } from './list-optimizers.ts';
