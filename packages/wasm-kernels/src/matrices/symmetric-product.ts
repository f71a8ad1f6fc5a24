import type { Part, RecordCall } from '../kernel-module.ts';
import { type Block, structure } from './blocks.ts';

/** A matrix in the heap: the address of its first element, and the bytes from row to row and column to column. */
export type Matrix = readonly [address: number, rowStep: number, columnStep: number];

/** Where the result goes, as `scale` times it with `shift` on the diagonal. */
export interface SymmetricTarget {
  readonly address: number;
  readonly scale: number;
  readonly shift: number;
}

/** Columns of a product that one call computes from the diagonal down. */
export const blockWidth = 48;

/** Terms of a symmetric product [length, length] of matrices with `inner` columns and rows. */
export function symmetricTerms(length: number, inner: number): number {
  return (length * (length + 8) * inner) / 2;
}

/**
 * Records a block of columns of `c = a b` that is known to be symmetric, [length, length], from the diagonal down, and
 * writes it and its mirror image to every target, of which the last may be c itself.
 */
export function symmetricProduct(
  call: RecordCall,
  { scratch }: Part,
  { first, count }: Block,
  length: number,
  inner: number,
  [a, aRow, aColumn]: Matrix,
  [b, bRow, bColumn]: Matrix,
  c: number,
  targets: readonly SymmetricTarget[],
): void {
  const step = length * 4;
  const corner = first * step + first * 4;
  const rows = length - first;
  call(
    'matrixProduct',
    ...[a + first * aRow, aRow, aColumn],
    ...[b + first * bColumn, bRow, bColumn],
    ...[c + corner, rows, count, inner, scratch, step, 0, 0, structure.lowerC],
  );
  for (const { address, scale, shift } of targets) {
    call('symmetricBlock', c + corner, address + corner, step, rows, count, scale, shift);
  }
}
