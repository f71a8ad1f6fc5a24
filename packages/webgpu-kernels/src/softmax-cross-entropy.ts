import { softmaxCrossEntropyGradientKernel, softmaxCrossEntropyKernel } from '@steepest/training-kernels';
import { implement } from './implement.ts';
import { type Shader, workgroupReduction } from './shader.ts';

const threads = 256;
/** Logits of a row whose gradients one workgroup computes. */
const block = 4 * threads;

/**
 * One row per workgroup. Each thread keeps its largest logit m and the sum of exp(logit - m), so that the row is read once
 * (Milakov and Gimelshein 2018, arXiv 1805.02867).
 */
const forward: Shader = {
  threads,
  writes: { losses: 'f32', logSumExp: 'f32' },
  reads: { logits: 'f32', labels: 'i32' },
  uniforms: { width: 'u32', nan: 'f32' },
  declarations: `
fn joined(a: vec2f, b: vec2f) -> vec2f {
  let largest = max(a.x, b.x);
  return vec2f(largest, a.y * exp(a.x - largest) + b.y * exp(b.x - largest));
}
${workgroupReduction('ofRow', threads, 'vec2f', (a, b) => `joined(${a}, ${b})`)}`,
  body: `
  let start = group * uniforms.width;
  var largest = -3.4028234e38;
  var sum = 0.0;
  for (var column = thread; column < uniforms.width; column = column + ${threads}u) {
    let logit = logits[start + column];
    if (logit > largest) {
      sum = sum * exp(largest - logit) + 1.0;
      largest = logit;
    } else {
      sum = sum + exp(logit - largest);
    }
  }
  let row = ofRow(vec2f(largest, sum), thread);
  if (thread == 0u) {
    let exact = row.x + log(row.y);
    let label = labels[group];
    logSumExp[group] = exact;
    // A device cannot throw: a label outside the vocabulary makes its loss NaN.
    if (label >= 0 && u32(label) < uniforms.width) {
      losses[group] = exact - logits[start + u32(label)];
    } else {
      losses[group] = uniforms.nan;
    }
  }`,
};

const backward = (target: 'kept' | 'logits'): Shader => ({
  threads,
  writes: { [target]: 'f32' },
  reads: {
    ...(target === 'kept' ? {} : { kept: 'f32' }),
    labels: 'i32',
    logSumExp: 'f32',
    lossesGradient: 'f32',
    logSumExpGradient: 'f32',
  },
  uniforms: { width: 'u32', blocks: 'u32' },
  body: `
  let row = group / uniforms.blocks;
  let first = (group % uniforms.blocks) * ${block}u;
  let label = labels[row];
  let normalizer = logSumExp[row];
  let ofLoss = lossesGradient[row];
  let scale = ofLoss + logSumExpGradient[row];
  for (var column = first + thread; column < min(first + ${block}u, uniforms.width); column = column + ${threads}u) {
    let i = row * uniforms.width + column;
    let probability = exp(kept[i] - normalizer);
    ${target}[i] = probability * scale - select(0.0, ofLoss, i32(column) == label);
  }`,
});

/**
 * Implements the softmax cross-entropy over the rows of logits and its gradient, which is written over the logits where it may
 * be.
 */
export function implementSoftmaxCrossEntropy(): string[] {
  return [
    implement(softmaxCrossEntropyKernel, (run, { logits, labels }) => {
      const [rows, width] = logits.shape as [number, number];
      const [losses, logSumExp] = [run.output([rows]), run.output([rows])];
      const tensors = { logits, labels, losses, logSumExp };
      run.dispatch('', () => forward, rows, tensors, { width, nan: Number.NaN });
      return { losses, logSumExp, kept: run.shared(logits) };
    }),
    implement(softmaxCrossEntropyGradientKernel, (run, { kept, ...inputs }, { overwrite }) => {
      const [rows, width] = kept.shape as [number, number];
      const isOver = run.mayOverwrite(kept, overwrite);
      const logits = isOver ? run.shared(kept) : run.output(kept.shape);
      const blocks = Math.ceil(width / block);
      run.dispatch(
        isOver ? 'over the logits' : '',
        () => backward(isOver ? 'kept' : 'logits'),
        rows * blocks,
        { kept, logits, ...inputs },
        { width, blocks },
      );
      return { logits };
    }),
  ];
}
