import type { KernelModule, Part, RecordCall } from '../kernel-module.ts';

/** About how long a multiplication with its addition takes one thread. */
const nanosecondsOfTerm = 1 / 32;

/** A range of rows or columns of one matrix of a batch. */
export interface Block {
  readonly matrix: number;
  readonly first: number;
  readonly count: number;
}

/**
 * Cuts an axis of every matrix of a batch into blocks, in an order in which any few that follow each other take about as
 * long as any others, where the time of a block rises or falls along the axis: one from each end in turn.
 */
export function blocksOf(matrices: number, length: number, width: number): Block[] {
  const count = Math.ceil(length / width);
  const order = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? i / 2 : count - (i + 1) / 2));
  return Array.from({ length: matrices }, (_, matrix) => matrix).flatMap((matrix) =>
    order.map((block) => ({ matrix, first: block * width, count: Math.min(width, length - block * width) })),
  );
}

/** Runs the calls of every block, on as many threads as repay `terms` multiplications with their additions. */
export function runBlocks(
  kernels: KernelModule,
  blocks: readonly Block[],
  terms: number,
  record: (call: RecordCall, block: Block, part: Part) => void,
): void {
  const work = { items: blocks.length, unit: 1, nanoseconds: terms * nanosecondsOfTerm };
  kernels.runParts(kernels.cut(work), (call, part) => {
    for (const block of blocks.slice(part.first, part.first + part.count)) record(call, block, part);
  });
}

/** An axis of every matrix of a batch, of which all places take equally long. */
export interface SlicedAxis {
  readonly matrices: number;
  readonly length: number;
  /** Cutting elsewhere than at its multiples would change the last bits of a result. */
  readonly unit: number;
  /** The largest slice, a multiple of `unit`. */
  readonly most: number;
}

/** Runs the calls of slices of an axis that are as large as may be, on as many threads as repay `terms`. */
export function runSlices(
  kernels: KernelModule,
  { matrices, length, unit, most }: SlicedAxis,
  terms: number,
  record: (call: RecordCall, slice: Block, part: Part) => void,
): void {
  const units = Math.max(1, Math.floor(length / unit));
  const work = { items: matrices * units, unit: 1, nanoseconds: terms * nanosecondsOfTerm };
  kernels.runParts(kernels.cut(work), (call, part) => {
    const end = part.first + part.count;
    for (let item = part.first; item < end; ) {
      const [matrix, place] = [Math.floor(item / units), item % units];
      const some = Math.min(end - item, units - place, most / unit);
      const first = place * unit;
      // The last takes what is left over.
      const count = place + some === units ? length - first : some * unit;
      record(call, { matrix, first, count }, part);
      item += some;
    }
  });
}

/** Slices of rows or columns of a product at whole tiles of its kernel. */
export const rowSlices = { unit: 24, most: 384 } as const;
export const columnSlices = { unit: 32, most: 384 } as const;

/** What a product is told of zeros in its operands, and of what is not wanted of its result: see `matrixProduct`. */
export const structure = { upperA: 1, lowerA: 2, upperB: 4, lowerB: 8, lowerC: 16 } as const;
