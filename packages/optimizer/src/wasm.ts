// Importing it lets update rules run as WebAssembly on tfjs-backend-wasm. In Node the main entry does so.
import { keptFor, registerKernels } from './compiler/backend-kernels.ts';
import { sumOfSquaresOnHeap } from './compiler/sum-of-squares.ts';
import { currentWasmHeap } from './compiler/wasm-heap.ts';
import { WasmPlan } from './compiler/wasm-plan.ts';

registerKernels(
  'wasm',
  keptFor(currentWasmHeap, (heap) => ({
    memory: heap,
    compile: (plan) => WasmPlan.of(plan, heap),
    filled: (shape, value) => heap.filled(shape, value),
    sumOfSquares: (tensor, options) => sumOfSquaresOnHeap(heap, tensor, options),
  })),
);
