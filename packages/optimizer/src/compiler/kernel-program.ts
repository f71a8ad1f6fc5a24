import type { BinaryOperation, Expression, UnaryOperation } from '../rule/expression.ts';
import type { UpdatePlan } from '../rule/plan.ts';
import type { PackedFormat } from '../state-formats/packed-slot.ts';
import { collapseAxes, type Layout, type Mask } from './layout.ts';

/** Where an element is read from or written to. */
export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'output'; readonly name: string }
  | { readonly kind: 'temporary'; readonly index: number };

/** A computation on one element; operands are positions in the list of instructions. */
export type Instruction =
  | { readonly kind: 'load'; readonly source: Source; readonly mask: Mask }
  | { readonly kind: 'uniform'; readonly index: number }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'unary'; readonly operation: UnaryOperation; readonly x: number }
  | {
      readonly kind: 'binary';
      readonly operation: BinaryOperation;
      readonly left: number;
      readonly right: number;
    }
  | {
      readonly kind: 'where';
      readonly condition: number;
      readonly whenTrue: number;
      readonly whenFalse: number;
    };

/** A value written for every element of the pass. */
export interface Store {
  readonly target: Source;
  readonly value: number;
}

/** A value summed over the axes of the pass that `mask` leaves out, in float64, and divided by `divisor`. */
export interface Reduction {
  readonly temporary: number;
  readonly mask: Mask;
  readonly value: number;
  readonly divisor: number;
}

/** One walk over the elements of the axes in `mask`. */
export interface Pass {
  readonly mask: Mask;
  readonly instructions: readonly Instruction[];
  readonly stores: readonly Store[];
  readonly reductions: readonly Reduction[];
  /** Whether it reads or writes packed slots. */
  readonly isPacked: boolean;
}

/** An input or an output of a program. */
export interface ProgramTensor {
  readonly name: string;
  readonly mask: Mask;
  /** How it is packed; `undefined` for float32. */
  readonly format?: PackedFormat | undefined;
}

/**
 * An update plan as passes over memory, in the order in which they run. No output overwrites an input that a later
 * pass reads, so an output may be the very memory of the input of its name.
 */
export interface KernelProgram {
  /** Lengths of the axes, the last one contiguous. */
  readonly dimensions: readonly number[];
  readonly inputs: readonly ProgramTensor[];
  readonly outputs: readonly ProgramTensor[];
  /** Masks of the values kept between passes, float32. */
  readonly temporaries: readonly Mask[];
  /** Scalars evaluated in float64 before the program runs. */
  readonly uniforms: readonly Expression[];
  readonly passes: readonly Pass[];
}

/** A value with a place of its own: a reduction, an output, or one that a larger pass reads. */
interface Item {
  readonly node: Expression;
  readonly mask: Mask;
  readonly output?: string;
  target: Source;
  level: number;
}

/** A finished value that may only now take the place of the input it was computed from. */
interface Copy {
  readonly from: Source;
  readonly to: Source;
  readonly mask: Mask;
}

const unsupportedOperations: readonly string[] = ['exp', 'log', 'pow'];

/**
 * Arranges a plan as passes over memory.
 *
 * @returns `undefined` for a plan that holds a transform, an exponential, a logarithm or a power of a tensor, or tensors
 * whose axes do not correspond.
 */
export function kernelProgram(plan: UpdatePlan): KernelProgram | undefined {
  const nodes = orderedNodes(plan);
  const supported = nodes.every(
    (node) =>
      node.kind !== 'transform' && !('operation' in node && unsupportedOperations.includes(node.operation)),
  );
  const layout = supported ? collapseAxes(nodes, plan) : undefined;
  return layout === undefined ? undefined : new Scheduler(plan, nodes, layout).program();
}

/** The operands of a node that have a shape. */
export function operandsOf(node: Expression): Expression[] {
  switch (node.kind) {
    case 'unary':
    case 'reduce':
      return [node.input].filter(isTensor);
    case 'binary':
      return [node.left, node.right].filter(isTensor);
    case 'where':
      return [node.condition, node.whenTrue, node.whenFalse].filter(isTensor);
    case 'transform':
      return [...node.inputs].filter(isTensor);
    default:
      return [];
  }
}

function isTensor(node: Expression): boolean {
  return node.shape !== null;
}

/** Every node with a shape, operands before what uses them. */
function orderedNodes(plan: UpdatePlan): Expression[] {
  const ordered = new Set<Expression>();
  const visit = (node: Expression): void => {
    if (ordered.has(node)) return;
    for (const operand of operandsOf(node)) visit(operand);
    ordered.add(node);
  };
  for (const node of Object.values(plan.outputs)) if (isTensor(node)) visit(node);
  return [...ordered];
}

class Scheduler {
  private readonly items: Item[] = [];
  private readonly copies: Copy[] = [];
  private readonly itemOf = new Map<Expression, Item>();
  private readonly temporaries: Mask[] = [];
  private readonly uniforms: Expression[] = [];
  private readonly inputs = new Map<string, Mask>();

  constructor(
    private readonly plan: UpdatePlan,
    private readonly nodes: readonly Expression[],
    private readonly layout: Layout,
  ) {}

  program(): KernelProgram {
    this.makeItems();
    this.levelItems();
    this.guardInputs();
    const passes = this.makePasses();
    const outputs = Object.keys(this.plan.outputs)
      .filter((name) => this.items.some((item) => item.output === name))
      .map((name) => this.tensor(name, this.layout.maskOf(this.plan.shapes[name]!)));
    return {
      dimensions: this.layout.dimensions,
      inputs: [...this.inputs].map(([name, mask]) => this.tensor(name, mask)),
      outputs,
      temporaries: this.temporaries,
      uniforms: this.uniforms,
      passes,
    };
  }

  private tensor(name: string, mask: Mask): ProgramTensor {
    const format = this.plan.formats?.[name];
    return format === undefined ? { name, mask } : { name, mask, format };
  }

  private mask(node: Expression): Mask {
    return node.shape === null ? 0 : this.layout.maskOf(node.shape);
  }

  /** A reduction over axes of length 1 is its operand. */
  private reduces(node: Expression): boolean {
    return node.kind === 'reduce' && this.mask(node) !== this.mask(node.input);
  }

  private temporary(mask: Mask): Source {
    this.temporaries.push(mask);
    return { kind: 'temporary', index: this.temporaries.length - 1 };
  }

  private makeItems(): void {
    const place = (node: Expression): void => {
      if (node.kind === 'tensor' || node.shape === null || this.itemOf.has(node)) return;
      const mask = this.mask(node);
      const item: Item = { node, mask, target: this.temporary(mask), level: 0 };
      this.itemOf.set(node, item);
      this.items.push(item);
    };
    for (const node of this.nodes) {
      if (this.reduces(node)) place(node);
      // What a larger walk reads is computed once, in a walk of its own size.
      const walk = this.reduces(node) ? this.mask((node as { input: Expression }).input) : this.mask(node);
      for (const operand of operandsOf(node)) if (this.mask(operand) !== walk) place(operand);
    }
    for (const [name, node] of Object.entries(this.plan.outputs)) {
      if (node.kind === 'tensor' && node.name === name) continue;
      const mask = this.layout.maskOf(this.plan.shapes[name]!);
      if (isTensor(node) && this.mask(node) !== mask) place(node);
      this.items.push({ node, mask, output: name, target: { kind: 'output', name }, level: 0 });
    }
  }

  /** The items whose values the computation of a node in a walk of `mask` reads, and the inputs. */
  private reads(root: Expression, mask: Mask, isRoot: boolean): { items: Set<Item>; inputs: Set<string> } {
    const found = { items: new Set<Item>(), inputs: new Set<string>() };
    const seen = new Set<Expression>();
    const visit = (node: Expression, top: boolean): void => {
      if (seen.has(node) || node.shape === null) return;
      seen.add(node);
      const item = this.itemOf.get(node);
      if (!top && item !== undefined && (this.reduces(node) || item.mask !== mask)) {
        found.items.add(item);
        return;
      }
      if (node.kind === 'tensor') found.inputs.add(node.name);
      for (const operand of operandsOf(node)) visit(operand, false);
    };
    visit(root, isRoot);
    return found;
  }

  /** The mask of the walk in which an item is computed. */
  private walkOf(item: Item): Mask {
    return this.isReduction(item) ? this.mask((item.node as { input: Expression }).input) : item.mask;
  }

  private isReduction(item: Item): boolean {
    return item.output === undefined && this.reduces(item.node);
  }

  private readsOf(item: Item): { items: Set<Item>; inputs: Set<string> } {
    return this.reads(item.node, this.walkOf(item), this.isReduction(item));
  }

  /** An item runs after what it reads; outputs run in the last walk of their size, to share its loads. */
  private levelItems(): void {
    const levels = new Map<Item, number>();
    const levelOf = (item: Item): number => {
      let level = levels.get(item);
      if (level === undefined) {
        level = 0;
        for (const read of this.readsOf(item).items) level = Math.max(level, levelOf(read) + 1);
        levels.set(item, level);
      }
      return level;
    };
    for (const item of this.items) item.level = levelOf(item);
    for (const item of this.items) {
      if (item.output === undefined) continue;
      const sameSize = this.items.filter((other) => other.output !== undefined && other.mask === item.mask);
      item.level = Math.max(...sameSize.map(({ level }) => level));
    }
  }

  /** An output whose old value another walk reads later waits in a temporary, and is copied at the end. */
  private guardInputs(): void {
    for (const item of this.items) {
      const { output, mask, level } = item;
      if (output === undefined) continue;
      const readLater = this.items.some(
        (other) =>
          other !== item &&
          this.readsOf(other).inputs.has(output) &&
          (other.level > level || (other.level === level && this.walkOf(other) !== mask)),
      );
      if (!readLater) continue;
      const to = item.target;
      item.target = this.temporary(mask);
      this.copies.push({ from: item.target, to, mask });
    }
  }

  private makePasses(): Pass[] {
    const passes = new Map<string, Item[]>();
    for (const item of this.items) {
      const key = `${item.level}:${this.walkOf(item)}`;
      passes.set(key, [...(passes.get(key) ?? []), item]);
    }
    const ordered = [...passes.values()].sort(([a], [b]) => a!.level - b!.level);
    return [
      ...ordered.map((items) => this.makePass(items)),
      ...this.copies.map((copy) => this.copyPass(copy)),
    ];
  }

  private makePass(items: readonly Item[]): Pass {
    const mask = this.walkOf(items[0]!);
    const instructions: Instruction[] = [];
    const known = new Map<Expression, number>();
    const emit = (instruction: Instruction): number => instructions.push(instruction) - 1;

    const uniform = (node: Expression): number => {
      if (node.kind === 'constant') return emit({ kind: 'constant', value: node.value });
      const index = this.uniforms.indexOf(node);
      return emit({ kind: 'uniform', index: index >= 0 ? index : this.uniforms.push(node) - 1 });
    };

    const load = (source: Source, sourceMask: Mask): number =>
      emit({ kind: 'load', source, mask: sourceMask });

    const compute = (node: Expression): number => {
      if (node.shape === null) return uniform(node);
      const item = this.itemOf.get(node);
      if (item !== undefined && (this.reduces(node) || item.mask !== mask)) {
        return load(item.target, item.mask);
      }
      switch (node.kind) {
        case 'tensor': {
          this.inputs.set(node.name, this.mask(node));
          return load({ kind: 'input', name: node.name }, this.mask(node));
        }
        case 'reduce':
          return value(node.input);
        case 'unary':
          return emit({ kind: 'unary', operation: node.operation, x: value(node.input) });
        case 'binary': {
          const [left, right] = [value(node.left), value(node.right)];
          return emit({ kind: 'binary', operation: node.operation, left, right });
        }
        case 'where': {
          // In float64, as everywhere: what is not zero there may be zero as a float32.
          const condition =
            node.condition.shape === null ? uniform(truthOf(node.condition)) : value(node.condition);
          const [whenTrue, whenFalse] = [value(node.whenTrue), value(node.whenFalse)];
          return emit({ kind: 'where', condition, whenTrue, whenFalse });
        }
        default:
          throw new Error(`a kernel cannot hold a ${node.kind}`);
      }
    };

    const value = (node: Expression): number => {
      let position = known.get(node);
      if (position === undefined) {
        position = compute(node);
        known.set(node, position);
      }
      return position;
    };

    const stores: Store[] = [];
    const reductions: Reduction[] = [];
    for (const item of items) {
      if (this.isReduction(item)) {
        const { input, operation } = item.node as Extract<Expression, { kind: 'reduce' }>;
        const count = this.layout.sizeOf(mask) / this.layout.sizeOf(item.mask);
        reductions.push({
          temporary: (item.target as { index: number }).index,
          mask: item.mask,
          value: value(input),
          divisor: operation === 'mean' ? count : 1,
        });
      } else {
        stores.push({ target: item.target, value: value(item.node) });
      }
    }
    return { mask, instructions, stores, reductions, isPacked: this.isPacked(instructions, stores) };
  }

  private copyPass({ from, to, mask }: Copy): Pass {
    const instructions: Instruction[] = [{ kind: 'load', source: from, mask }];
    const stores = [{ target: to, value: 0 }];
    return { mask, instructions, stores, reductions: [], isPacked: this.isPacked(instructions, stores) };
  }

  private isPacked(instructions: readonly Instruction[], stores: readonly Store[]): boolean {
    const { formats = {} } = this.plan;
    const places = [
      ...instructions.flatMap((instruction) => (instruction.kind === 'load' ? [instruction.source] : [])),
      ...stores.map(({ target }) => target),
    ];
    return places.some((place) => 'name' in place && formats[place.name] !== undefined);
  }
}

/** 1 where a scalar is not 0, else 0. */
function truthOf(condition: Expression): Expression {
  const number = (value: number): Expression => ({ kind: 'constant', value, shape: null });
  return { kind: 'where', condition, whenTrue: number(1), whenFalse: number(0), shape: null };
}
