import type { UpdatePlan } from '../rule/plan.ts';
import { kernelProgram, type Pass } from './kernel-program.ts';
import { sizeOf } from './layout.ts';

/** Bytes that one compiled step of a plan reads and writes. */
export interface MemoryTraffic {
  /** What the passes of the compiled plan move: a tensor that two passes read counts twice. */
  readonly moved: number;
  /** What any implementation must move: each tensor that takes part read once, each new value written once. */
  readonly least: number;
}

/** Counts the memory traffic of a plan; `undefined` for a plan that is not compiled. */
export function memoryTraffic(plan: UpdatePlan): MemoryTraffic | undefined {
  const program = kernelProgram(plan);
  if (program === undefined) return undefined;
  const { dimensions, inputs, outputs, passes } = program;
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  return {
    moved: 4 * sum(passes.map((pass) => elementsMoved(pass, dimensions))),
    least: 4 * sum([...inputs, ...outputs].map(({ mask }) => sizeOf(mask, dimensions))),
  };
}

/** Elements that a pass reads and writes. */
export function elementsMoved(
  { mask, instructions, stores, reductions }: Pass,
  dimensions: readonly number[],
): number {
  const loads = instructions.flatMap((instruction) =>
    instruction.kind === 'load' ? [instruction.mask] : [],
  );
  return [...loads, ...stores.map(() => mask), ...reductions.map((reduction) => reduction.mask)].reduce(
    (elements, moved) => elements + sizeOf(moved, dimensions),
    0,
  );
}
