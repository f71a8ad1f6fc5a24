import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { KernelRun } from './kernel-run.ts';
import type { Shader } from './shader.ts';

const threads = 256;

/** A shader that computes one element per thread, from the index `i`. */
export interface Elementwise extends Pick<Shader, 'uniforms' | 'declarations'> {
  /** Variant of the kernel's shader. */
  readonly variant: string;
  readonly reads: Readonly<Record<string, { readonly tensor: TensorInfo; readonly type: 'f32' | 'i32' }>>;
  /** Statements before the value. */
  readonly statements?: string;
  /** The new element, as an expression. */
  readonly value: string;
}

/** Runs a shader for every element of a tensor. */
export function runElementwise(
  run: KernelRun,
  result: TensorInfo,
  { variant, reads, uniforms, declarations = '', statements = '', value }: Elementwise,
  values: Readonly<Record<string, number>>,
): void {
  const size = util.sizeFromShape(result.shape);
  // What is written over is bound once, under the name of the input.
  const over = Object.keys(reads).find((name) => reads[name]!.tensor.dataId === result.dataId);
  const to = over ?? 'result';
  const others = Object.entries(reads).filter(([name]) => name !== over);
  run.dispatch(
    over === undefined ? variant : `${variant} over ${over}`,
    () => ({
      threads,
      writes: { [to]: 'f32' },
      reads: Object.fromEntries(others.map(([name, { type }]) => [name, type])),
      uniforms: { size: 'u32', ...uniforms },
      declarations,
      body: `
  let i = group * ${threads}u + thread;
  if (i >= uniforms.size) { return; }
${statements}
  ${to}[i] = ${value};`,
    }),
    Math.ceil(size / threads),
    { [to]: result, ...Object.fromEntries(others.map(([name, { tensor }]) => [name, tensor])) },
    { size, ...values },
  );
}
