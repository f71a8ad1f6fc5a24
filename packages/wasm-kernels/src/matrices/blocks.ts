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
