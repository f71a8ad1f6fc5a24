import { blockSize } from '../state-formats/block-codes.ts';
import type { Pass, Reduction } from './kernel-program.ts';
import { type Mask, sizeOf } from './layout.ts';

/** Axes of a mask. */
export function axesOf(mask: Mask, dimensions: readonly number[]): number[] {
  return dimensions.map((_, axis) => axis).filter((axis) => (mask >> axis) & 1);
}

/**
 * How a pass is cut along its outermost axis. The blocks are a matter of the shape alone, so that sums, which add up the
 * blocks in their order, have the same bits for any number of threads.
 */
export interface Blocks {
  readonly count: number;
  /** Indices of the outermost axis in each block but the last, which may be shorter. */
  readonly length: number;
}

/** Elements below which a block is not worth its overhead. */
const leastElements = 4096;
/** The same where slots are packed: the unpacked ones stay in the nearest cache. */
const leastPackedElements = 1024;
/** Blocks of a pass whose elements are on their own: many, so that any number of threads has about the same work. */
const mostAlone = 240;
/** Blocks of a pass with sums of their own: fewer, since they are added up in the end. */
const mostSummed = 24;
/** Elements of a block for each sum of its own, so that adding these up takes little of the time. */
const leastForSum = 64;
/** Along an axis of contiguous elements, blocks begin at multiples of this: four vectors of four, side by side. */
const contiguousUnit = 64;

/** Whether a reduction sums over the outermost axis, so that each block has a sum of its own. */
export function crossesBlocks({ mask }: Reduction, pass: Pass, dimensions: readonly number[]): boolean {
  const [outermost] = axesOf(pass.mask, dimensions);
  return outermost === undefined || ((mask >> outermost) & 1) === 0;
}

/** Cuts a pass. One that walks over packed slots has blocks of whole blocks of these, as small as is worth it: they are unpacked one by one. */
export function blocksOf(pass: Pass, dimensions: readonly number[]): Blocks {
  const axes = axesOf(pass.mask, dimensions);
  const outer = axes[0] === undefined ? 1 : dimensions[axes[0]]!;
  const elements = sizeOf(pass.mask, dimensions);
  const sums = pass.reductions
    .filter((reduction) => crossesBlocks(reduction, pass, dimensions))
    .map(({ mask }) => sizeOf(mask, dimensions));
  const least = Math.max(
    pass.isPacked ? leastPackedElements : leastElements,
    ...sums.map((size) => leastForSum * size),
  );
  const most = sums.length > 0 ? mostSummed : pass.isPacked ? Infinity : mostAlone;
  const exact = Math.max(Math.ceil((least * outer) / elements), Math.ceil(outer / most));
  const unit = pass.isPacked
    ? blockSize / greatestCommonDivisor(blockSize, elements / outer)
    : axes.length === 1
      ? contiguousUnit
      : 1;
  const length = Math.ceil(exact / unit) * unit;
  return { count: Math.ceil(outer / length), length };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
