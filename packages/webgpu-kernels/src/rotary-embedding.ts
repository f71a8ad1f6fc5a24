import { rotaryEmbeddingGradientKernel, rotaryEmbeddingKernel } from '@steepest/training-kernels';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { runElementwise } from './elementwise.ts';
import { implement } from './implement.ts';
import type { KernelRun } from './kernel-run.ts';

/** Implements the rotary embedding and its gradient, the rotation backwards. */
export function implementRotaryEmbedding(): string[] {
  return [
    implement(rotaryEmbeddingKernel, (run, { x, ...tables }, { headWidth }) => ({
      y: rotated(run, x, tables, headWidth, 1),
    })),
    implement(rotaryEmbeddingGradientKernel, (run, { gradient, ...tables }, { headWidth }) => ({
      x: rotated(run, gradient, tables, headWidth, -1),
    })),
  ];
}

/** Each pair (a, b) of a head turned by the angle of its position, times `direction`. */
function rotated(
  run: KernelRun,
  x: TensorInfo,
  { cosine, sine }: { readonly cosine: TensorInfo; readonly sine: TensorInfo },
  headWidth: number,
  direction: 1 | -1,
): TensorInfo {
  const y = run.output(x.shape);
  const [positions, width] = cosine.shape as [number, number];
  runElementwise(
    run,
    y,
    {
      variant: '',
      reads: {
        x: { tensor: x, type: 'f32' },
        cosine: { tensor: cosine, type: 'f32' },
        sine: { tensor: sine, type: 'f32' },
      },
      uniforms: { table: 'u32', width: 'u32', half: 'u32', direction: 'f32' },
      statements: `
  let angle = i % uniforms.table;
  let isFirst = (i % uniforms.width) % (2u * uniforms.half) < uniforms.half;
  var turned = 0.0;
  if (isFirst) { turned = -x[i + uniforms.half]; } else { turned = x[i - uniforms.half]; }`,
      value: 'x[i] * cosine[angle] + turned * (uniforms.direction * sine[angle])',
    },
    { table: positions * width, width, half: headWidth / 2, direction },
  );
  return y;
}
