import {
  causalAttentionGradientKernel,
  causalAttentionKernel,
  embeddingGradientKernel,
  geluGradientKernel,
  geluKernel,
  implementKernel,
  type KernelCall,
  layerNormGradientKernel,
  layerNormKernel,
  rotaryEmbeddingGradientKernel,
  rotaryEmbeddingKernel,
  softmaxCrossEntropyGradientKernel,
  softmaxCrossEntropyKernel,
  type TrainingKernel,
} from '@steepest/training-kernels';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { unsortedSegmentSum } from '../unsorted-segment-sum.ts';
import type { WasmBackend } from '../wasm-backend.ts';
import { causalAttention, causalAttentionGradient } from './causal-attention.ts';
import { gelu, geluGradient } from './gelu.ts';
import { layerNorm, layerNormGradient } from './layer-norm.ts';
import { rotate } from './rotary-embedding.ts';
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from './softmax-cross-entropy.ts';

/**
 * Implements the kernels of @steepest/training-kernels on the wasm backend.
 *
 * @returns their names
 */
export function implementTrainingKernels(): string[] {
  return [
    implement(softmaxCrossEntropyKernel, softmaxCrossEntropy),
    implement(softmaxCrossEntropyGradientKernel, softmaxCrossEntropyGradient),
    implement(layerNormKernel, layerNorm),
    implement(layerNormGradientKernel, layerNormGradient),
    implement(geluKernel, gelu),
    implement(geluGradientKernel, geluGradient),
    implement(rotaryEmbeddingKernel, (backend, { x, cosine, sine }, { headWidth }) => ({
      y: rotate(backend, rotaryEmbeddingKernel.name, x, cosine, sine, headWidth, 1),
    })),
    implement(rotaryEmbeddingGradientKernel, (backend, { gradient, cosine, sine }, { headWidth }) => ({
      x: rotate(backend, rotaryEmbeddingGradientKernel.name, gradient, cosine, sine, headWidth, -1),
    })),
    implement(causalAttentionKernel, causalAttention),
    implement(causalAttentionGradientKernel, causalAttentionGradient),
    implement(embeddingGradientKernel, (backend, { gradient, tokens }, { vocabularySize }) => ({
      embedding: unsortedSegmentSum(backend, gradient, tokens, vocabularySize),
    })),
  ];
}

/** Implements a kernel on the wasm backend. @returns its name */
export function implement<Inputs extends string, Outputs extends string, Attributes extends object>(
  kernel: TrainingKernel<Inputs, Outputs, Attributes>,
  run: (
    backend: WasmBackend,
    inputs: Readonly<Record<NoInfer<Inputs>, TensorInfo>>,
    attributes: NoInfer<Attributes>,
  ) => Readonly<Record<NoInfer<Outputs>, TensorInfo>>,
): string {
  implementKernel(
    kernel,
    'wasm',
    ({ inputs, attributes, backend }: KernelCall<Inputs, Attributes, WasmBackend>) => {
      // Made before anything is allocated for the call: if the heap is too full for it, nothing is left behind.
      kernelModule(backend);
      return run(backend, inputs, attributes);
    },
  );
  return kernel.name;
}
