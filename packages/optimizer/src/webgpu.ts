// Importing it lets update rules run as compute shaders on tfjs-backend-webgpu. In Node the main entry does so.
import { keptFor, registerKernels } from './compiler/backend-kernels.ts';
import { packedOnWebgpu, unpackedOnWebgpu } from './compiler/webgpu-codec.ts';
import { currentWebgpuMemory } from './compiler/webgpu-memory.ts';
import { WebgpuPlan } from './compiler/webgpu-plan.ts';

registerKernels(
  'webgpu',
  keptFor(currentWebgpuMemory, (memory) => ({
    memory,
    compile: (plan) => WebgpuPlan.of(plan, memory),
    words: {
      packed: (values, format, key) => packedOnWebgpu(memory, values, format, key),
      unpacked: (words, format, shape) => unpackedOnWebgpu(memory, words, format, shape),
    },
  })),
);
