import type { UpdatePlan } from '../rule/plan.ts';
import type { CompiledPlan, PlanMemory } from './compiled-plan.ts';
import { currentWasmHeap } from './wasm-heap.ts';
import { WasmPlan } from './wasm-plan.ts';
import { currentWebgpuMemory } from './webgpu-memory.ts';
import { WebgpuPlan } from './webgpu-plan.ts';

/** Compiles plans for the memory of one backend. */
export interface PlanCompiler {
  readonly memory: PlanMemory;
  /** @returns `undefined` for a plan that kernels cannot run */
  compile(plan: UpdatePlan): CompiledPlan | undefined;
}

const compilers = new WeakMap<PlanMemory, PlanCompiler>();

/** The compiler for the current backend; `undefined` if there is none. */
export function currentCompiler(): PlanCompiler | undefined {
  const heap = currentWasmHeap();
  if (heap !== undefined) return keptFor(heap, (plan) => WasmPlan.of(plan, heap));
  const device = currentWebgpuMemory();
  return device === undefined ? undefined : keptFor(device, (plan) => WebgpuPlan.of(plan, device));
}

function keptFor(memory: PlanMemory, compile: PlanCompiler['compile']): PlanCompiler {
  let compiler = compilers.get(memory);
  if (compiler === undefined) {
    compiler = { memory, compile };
    compilers.set(memory, compiler);
  }
  return compiler;
}
