import {
  type AttentionLayout,
  causalAttentionGradientKernel,
  causalAttentionKernel,
} from '@steepest/training-kernels';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { forward, keyGradients, positionsOfGroup, queryGradient, widestHead } from './attention-shaders.ts';
import { implement } from './implement.ts';

/** Up to here a thread's registers hold a key, a value and both of their gradients. */
const widestTogether = 32;

/** Implements causal attention and its gradient, neither of which stores a square of scores. */
export function implementCausalAttention(): string[] {
  return [
    implement(causalAttentionKernel, (run, inputs, layout) => {
      const { headWidth, groups, uniforms } = workOf(causalAttentionKernel.name, inputs.queries, layout);
      const y = run.output(inputs.queries.shape);
      run.dispatch(`of ${headWidth}`, () => forward(headWidth), groups, { ...inputs, y }, uniforms);
      return { y };
    }),
    implement(causalAttentionGradientKernel, (run, inputs, layout) => {
      const { queries, keys, values } = inputs;
      const { headWidth, groups, uniforms } = workOf(causalAttentionGradientKernel.name, queries, layout);
      const gradients = {
        queryGradient: run.output(queries.shape),
        keyGradient: run.output(keys.shape),
        valueGradient: run.output(values.shape),
      };
      const kept = run.scratch([layout.sequences * layout.heads * layout.positions, 3]);
      const tensors = { ...inputs, ...gradients, kept };
      run.dispatch(`queries of ${headWidth}`, () => queryGradient(headWidth), groups, tensors, uniforms);
      const passes = headWidth <= widestTogether ? (['both'] as const) : (['values', 'keys'] as const);
      for (const of of passes) {
        run.dispatch(`${of} of ${headWidth}`, () => keyGradients(headWidth, of), groups, tensors, uniforms);
      }
      return {
        queries: gradients.queryGradient,
        keys: gradients.keyGradient,
        values: gradients.valueGradient,
      };
    }),
  ];
}

function workOf(kernel: string, queries: TensorInfo, { sequences, positions, heads }: AttentionLayout) {
  const width = queries.shape[1]!;
  const headWidth = width / heads;
  util.assert(
    headWidth <= widestHead,
    () => `${kernel}: on WebGPU a head is at most ${widestHead} wide, got ${headWidth}.`,
  );
  const blocks = Math.ceil(positions / positionsOfGroup);
  return {
    headWidth,
    groups: sequences * heads * blocks,
    uniforms: { positions, heads, width, blocks, scale: 1 / Math.sqrt(headWidth) },
  };
}
