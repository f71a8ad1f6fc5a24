import { abs, type Expression, equal, type Shape, sum, tensorSymbol, where } from './expression.ts';
import type { RuleContext, UpdateRule } from './update-rule.ts';

/** What an update computes, before it is restricted to rows. */
interface Update {
  readonly outputs: Readonly<Record<string, Expression>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

/**
 * Restricts an update to the rows (along the first axis) that have a gradient: where all of a row's gradient is zero,
 * the row keeps parameter and state, without decay and without a share of any moment. This is another algorithm than the
 * rule itself: the LazyAdam of TensorFlow Addons and the SparseAdam of PyTorch, for any rule that treats rows apart.
 *
 * @throws Error for a parameter without rows, and for a rule in which one row depends on others or on every step.
 */
export function withLazyRows(
  rule: UpdateRule,
  context: RuleContext,
  { outputs, shapes }: Update,
): Record<string, Expression> {
  const info = context.parameter;
  const refuse = (reason: string): never => {
    throw new Error(
      `lazyRows cannot hold for "${info.name}" [${info.shape}] under "${rule.name}": ${reason}`,
    );
  };
  const rows = info.shape[0];
  if (rows === undefined || info.shape.length < 2) return refuse('it has no rows; select matrices only');
  for (const part of ['groupState', 'refresh', 'average'] as const) {
    if (rule[part] !== undefined) refuse(`its ${part} changes in every step, whichever rows have a gradient`);
  }
  const starts = rule.startsAtFirstGradient;
  if (typeof starts === 'function' ? starts(context) : starts === true) {
    refuse('its state starts at the first gradient of the matrix, not at that of a row');
  }
  for (const [name, shape] of Object.entries(shapes)) {
    if (shape[0] !== rows || shape.length < 2)
      refuse(`its ${name} [${shape}] has no row for each of ${rows} rows`);
  }
  const mixed = Object.entries(outputs).find(([, output]) => mixesRows(output));
  if (mixed !== undefined) refuse(`a row of its ${mixed[0]} depends on other rows`);
  const gradient = tensorSymbol('gradient', shapes.gradient!);
  const axes = gradient.shape.slice(1).map((_, axis) => axis + 1);
  // Equal, not greater: a gradient that is not a number is a gradient.
  const isIdle = equal(sum(abs(gradient), axes), 0);
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output]) => [
      name,
      where(isIdle, tensorSymbol(name, shapes[name]!), output),
    ]),
  );
}

/** Whether an expression anywhere sums over the first axis or holds a transform, of which nothing is known. */
function mixesRows(root: Expression): boolean {
  const seen = new Set<unknown>();
  const visit = (node: unknown): boolean => {
    if (node === null || typeof node !== 'object' || seen.has(node)) return false;
    seen.add(node);
    const { kind, axes } = node as Partial<{ kind: string; axes: readonly number[] }>;
    if (kind === 'transform' || (kind === 'reduce' && axes!.includes(0))) return true;
    return Object.values(node).some(visit);
  };
  return visit(root);
}
