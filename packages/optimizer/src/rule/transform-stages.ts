import {
  type Expression,
  type Shape,
  type TensorTransform,
  type TransformNode,
  tensorSymbol,
} from './expression.ts';
import type { UpdatePlan } from './plan.ts';

/** A transform of a plan: the tensors that it reads, by name, and the name that later stages read its result under. */
export interface StageCall {
  readonly transform: TensorTransform;
  readonly operands: readonly { readonly name: string; readonly shape: Shape }[];
  readonly scalars: readonly Expression[];
  readonly result: string;
}

/** Transforms that need no result of one another. */
export interface TransformStage {
  /** What is computed for them first, element by element; no plan where they read what is there. */
  readonly operands: readonly UpdatePlan[];
  readonly calls: readonly StageCall[];
}

/** A plan as what comes between its transforms, in which there is none. */
export interface StagedPlan {
  readonly stages: readonly TransformStage[];
  /** The outputs, apart where no walk over elements could compute them together. None reads an output of another. */
  readonly last: readonly UpdatePlan[];
}

/** The scalar conditions under which a plan takes other transforms, in an order of their own. */
export function transformConditions({ outputs }: UpdatePlan): Expression[] {
  const conditions = new Set<Expression>();
  const known = new Map<Expression, boolean>();
  const holdsTransform = (node: Expression): boolean => {
    let holds = known.get(node);
    if (holds === undefined) {
      const below = operandsOf(node).map(holdsTransform);
      holds = node.kind === 'transform' || below.includes(true);
      known.set(node, holds);
      if (node.kind === 'where' && node.condition.shape === null && holds) conditions.add(node.condition);
    }
    return holds;
  };
  for (const output of Object.values(outputs)) holdsTransform(output);
  return [...conditions];
}

/**
 * Takes a plan apart at its transforms.
 *
 * @param values What each of `transformConditions` is now: only the branches taken are part of the result
 */
export function stagedPlan(plan: UpdatePlan, values: ReadonlyMap<Expression, boolean>): StagedPlan {
  return new Divider(plan, values).divide();
}

interface Call extends StageCall {
  readonly inputs: readonly Expression[];
}

class Divider {
  private readonly rewritten = new Map<Expression, Expression>();
  private readonly levels = new Map<Expression, number>();
  private readonly calls: Call[][] = [];
  private readonly shapes: Record<string, Shape>;
  private results = 0;

  constructor(
    private readonly plan: UpdatePlan,
    private readonly values: ReadonlyMap<Expression, boolean>,
  ) {
    this.shapes = { ...plan.shapes };
  }

  divide(): StagedPlan {
    const outputs: Record<string, Expression> = {};
    for (const [name, output] of Object.entries(this.plan.outputs)) outputs[name] = this.rewrite(output);
    const stages = this.calls.map((calls, level): TransformStage => {
      const operands: Record<string, Expression> = {};
      const named = new Map<Expression, string>();
      const nameOf = (input: Expression): string => {
        // A packed slot is unpacked for the transform.
        if (input.kind === 'tensor' && this.plan.formats?.[input.name] === undefined) return input.name;
        let name = named.get(input);
        if (name === undefined) {
          name = `operand ${level}.${named.size}`;
          named.set(input, name);
          operands[name] = input;
          this.shapes[name] = input.shape!;
        }
        return name;
      };
      const stageCalls = calls.map(({ inputs, ...call }) => ({
        ...call,
        operands: inputs.map((input) => ({ name: nameOf(input), shape: input.shape! })),
      }));
      return { operands: this.parts(operands), calls: stageCalls };
    });
    return { stages, last: this.parts(outputs) };
  }

  /** Plans of the outputs of one shape each, or one plan where an output reads what another writes. */
  private parts(outputs: Readonly<Record<string, Expression>>): UpdatePlan[] {
    const byShape = new Map<string, Record<string, Expression>>();
    for (const [name, output] of Object.entries(outputs)) {
      const key = this.shapes[name]!.join();
      byShape.set(key, { ...byShape.get(key), [name]: output });
    }
    const parts = [...byShape.values()];
    const isApart = parts.every((part) => {
      const read = tensorsOf(Object.values(part));
      return Object.keys(outputs).every((name) => name in part || !read.has(name));
    });
    const { formats } = this.plan;
    return (isApart ? parts : [outputs]).map((part) => ({
      outputs: part,
      shapes: this.shapes,
      slots: {},
      ...(formats === undefined ? {} : { formats }),
    }));
  }

  private rewrite(node: Expression): Expression {
    if (node.shape === null) return node;
    let result = this.rewritten.get(node);
    if (result === undefined) {
      result = this.withoutTransforms(node);
      this.rewritten.set(node, result);
    }
    return result;
  }

  private withoutTransforms(node: Expression): Expression {
    switch (node.kind) {
      case 'unary':
      case 'reduce':
        return this.leveled({ ...node, input: this.rewrite(node.input) });
      case 'binary':
        return this.leveled({ ...node, left: this.rewrite(node.left), right: this.rewrite(node.right) });
      case 'where': {
        const value = this.values.get(node.condition);
        if (value === undefined) {
          return this.leveled({
            ...node,
            condition: this.rewrite(node.condition),
            whenTrue: this.rewrite(node.whenTrue),
            whenFalse: this.rewrite(node.whenFalse),
          });
        }
        const taken = this.rewrite(value ? node.whenTrue : node.whenFalse);
        const isWhole = taken.shape?.join() === node.shape?.join();
        // A branch that broadcasts keeps the node that gives it the shape.
        return isWhole ? taken : this.leveled({ ...node, whenTrue: taken, whenFalse: taken });
      }
      case 'transform':
        return this.called(node);
      default:
        return node;
    }
  }

  private called({ transform, inputs, scalars, shape }: TransformNode): Expression {
    const operands = inputs.map((input) => this.rewrite(input));
    const level = Math.max(0, ...operands.map((operand) => this.levels.get(operand) ?? 0));
    const name = `transform ${this.results++}`;
    const symbol = tensorSymbol(name, shape);
    this.shapes[name] = shape;
    this.levels.set(symbol, level + 1);
    this.calls[level] ??= [];
    this.calls[level].push({ transform, operands: [], scalars, result: name, inputs: operands });
    return symbol;
  }

  private leveled(node: Expression): Expression {
    this.levels.set(node, Math.max(0, ...operandsOf(node).map((operand) => this.levels.get(operand) ?? 0)));
    return node;
  }
}

function operandsOf(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case 'unary':
    case 'reduce':
      return [node.input];
    case 'binary':
      return [node.left, node.right];
    case 'where':
      return [node.condition, node.whenTrue, node.whenFalse];
    case 'transform':
      return node.inputs;
    default:
      return [];
  }
}

/** The names of the tensors that expressions read. */
function tensorsOf(roots: readonly Expression[]): Set<string> {
  const names = new Set<string>();
  const seen = new Set<Expression>();
  const visit = (node: Expression): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === 'tensor') names.add(node.name);
    for (const operand of operandsOf(node)) visit(operand);
  };
  for (const root of roots) visit(root);
  return names;
}
