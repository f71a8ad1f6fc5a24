import type { UpdatePlan } from '../rule/plan.ts';
import { kernelProgram } from './kernel-program.ts';
import type { Mask } from './layout.ts';

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
  const bytesOf = (mask: Mask): number =>
    dimensions.reduce((bytes, length, axis) => ((mask >> axis) & 1 ? bytes * length : bytes), 4);
  const total = (masks: readonly Mask[]): number => masks.reduce((bytes, mask) => bytes + bytesOf(mask), 0);
  const moved = passes.map(({ mask, instructions, stores, reductions }) => {
    const loads = instructions.flatMap((instruction) =>
      instruction.kind === 'load' ? [instruction.mask] : [],
    );
    return total([...loads, ...stores.map(() => mask), ...reductions.map((reduction) => reduction.mask)]);
  });
  return {
    moved: moved.reduce((bytes, pass) => bytes + pass, 0),
    least: total([...inputs, ...outputs].map(({ mask }) => mask)),
  };
}
