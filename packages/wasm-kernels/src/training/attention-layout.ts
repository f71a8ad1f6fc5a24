import type { AttentionLayout } from '@steepest/training-kernels';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { addressOf, type WasmBackend } from '../wasm-backend.ts';

/** A matrix in the heap: the address of its first element, and the bytes from row to row and column to column. */
export type Matrix = readonly [address: number, rowStep: number, columnStep: number];

/** The rows of one head from a position on. */
type Head = (position: number) => Matrix;

/**
 * Calls `work` for heads `first` to `first + count` of all sequences, counted sequence by sequence, with that head of every
 * tensor. Nothing may be allocated meanwhile.
 */
export function eachHead(
  backend: WasmBackend,
  { positions, heads }: AttentionLayout,
  { first, count }: { readonly first: number; readonly count: number },
  tensors: readonly TensorInfo[],
  work: (...heads: [Head, Head, Head, Head, Head, Head, Head]) => void,
): void {
  const width = tensors[0]!.shape[1]!;
  const step = width * 4;
  const addresses = tensors.map((tensor) => addressOf(backend, tensor));
  for (let index = first; index < first + count; index++) {
    const head = index % heads;
    const sequence = (index - head) / heads;
    const offset = sequence * positions * step + (head * width * 4) / heads;
    const views = addresses.map(
      (address): Head =>
        (position) => [address + offset + position * step, step, 4],
    );
    work(...(views as [Head, Head, Head, Head, Head, Head, Head]));
  }
}
