import type { UpdatePlan } from '../rule/plan.ts';
import { wordCount } from '../state-formats/packed-words.ts';
import { kernelProgram, type Pass, type Source } from './kernel-program.ts';
import { type Mask, sizeOf } from './layout.ts';

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
  const bytesOf = (source: Source | undefined, mask: Mask): number => {
    const elements = sizeOf(mask, dimensions);
    const format = source !== undefined && 'name' in source ? plan.formats?.[source.name] : undefined;
    return 4 * (format === undefined ? elements : wordCount(format, elements));
  };
  const moved = passes.flatMap(({ mask, instructions, stores, reductions }) => [
    ...instructions.map((each) => (each.kind === 'load' ? bytesOf(each.source, each.mask) : 0)),
    ...stores.map(({ target }) => bytesOf(target, mask)),
    ...reductions.map((reduction) => bytesOf(undefined, reduction.mask)),
  ]);
  const tensors = [
    ...inputs.map(({ name, mask }) => bytesOf({ kind: 'input', name }, mask)),
    ...outputs.map(({ name, mask }) => bytesOf({ kind: 'output', name }, mask)),
  ];
  return { moved: sum(moved), least: sum(tensors) };
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
