import { embeddingGradientKernel } from '@steepest/training-kernels';
import { util } from '@tensorflow/tfjs-core';
import { implement } from './implement.ts';
import type { Shader } from './shader.ts';

const threads = 256;

const zeros: Shader = {
  threads,
  writes: { embedding: 'f32' },
  reads: {},
  uniforms: { size: 'u32' },
  body: `
  let i = group * ${threads}u + thread;
  if (i < uniforms.size) { embedding[i] = 0.0; }`,
};

/**
 * One workgroup per token and block of columns. That of a token's first place adds up the rows of all its places, in their order,
 * so that the sums have the same bits every time; the others find an earlier place and end. Each of the 256 threads looks at a
 * token, and then has one column.
 */
const sums: Shader = {
  threads,
  writes: { embedding: 'f32' },
  reads: { gradient: 'f32', tokens: 'i32' },
  uniforms: { count: 'u32', width: 'u32', vocabularySize: 'u32', blocks: 'u32' },
  declarations: `
var<workgroup> earlier: atomic<u32>;
var<workgroup> ends: u32;
// A bit for each of the tokens looked at that is the same.
var<workgroup> same: array<atomic<u32>, ${threads / 32}>;`,
  body: `
  let place = group / uniforms.blocks;
  let column = (group % uniforms.blocks) * ${threads}u + thread;
  let token = tokens[place];
  for (var i = thread; i < place; i = i + ${threads}u) {
    if (tokens[i] == token) { atomicStore(&earlier, 1u); }
  }
  workgroupBarrier();
  if (thread == 0u) {
    let isOutside = token < 0 || u32(token) >= uniforms.vocabularySize;
    ends = select(atomicLoad(&earlier), 1u, isOutside);
  }
  if (workgroupUniformLoad(&ends) == 1u) { return; }
  var sum = 0.0;
  for (var first = place; first < uniforms.count; first = first + ${threads}u) {
    if (thread < ${threads / 32}u) { atomicStore(&same[thread], 0u); }
    workgroupBarrier();
    let i = first + thread;
    if (i < uniforms.count) {
      if (tokens[i] == token) { atomicOr(&same[thread / 32u], 1u << (thread % 32u)); }
    }
    workgroupBarrier();
    if (column < uniforms.width) {
      for (var word = 0u; word < ${threads / 32}u; word = word + 1u) {
        var bits = atomicLoad(&same[word]);
        while (bits != 0u) {
          let row = first + 32u * word + firstTrailingBit(bits);
          sum = sum + gradient[row * uniforms.width + column];
          bits = bits & (bits - 1u);
        }
      }
    }
    workgroupBarrier();
  }
  if (column < uniforms.width) { embedding[u32(token) * uniforms.width + column] = sum; }`,
};

/** Implements the gradient of an embedding. */
export function implementEmbeddingGradient(): string[] {
  return [
    implement(embeddingGradientKernel, (run, { gradient, tokens }, { vocabularySize }) => {
      const [count, width] = gradient.shape as [number, number];
      const embedding = run.output([vocabularySize, width]);
      const size = util.sizeFromShape(embedding.shape);
      run.dispatch('zeros', () => zeros, Math.ceil(size / threads), { embedding }, { size });
      if (size === 0) return { embedding };
      const blocks = Math.ceil(width / threads);
      const tensors = { embedding, gradient, tokens };
      run.dispatch('', () => sums, count * blocks, tensors, { count, width, vocabularySize, blocks });
      return { embedding };
    }),
  ];
}
