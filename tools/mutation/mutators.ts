import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** What is used here of a node of Babel's syntax tree. */
interface SyntaxNode {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface SyntaxPath {
  readonly node: SyntaxNode;
  readonly parent: SyntaxNode;
  readonly parentPath: SyntaxPath | null;
}

/** Yields what may stand in place of a node. */
interface Mutator {
  readonly name: string;
  mutate(path: SyntaxPath): Iterable<SyntaxNode>;
}

/** Functions of the rule language that combine two expressions whose order counts for nothing. */
const commutative = new Set(['add', 'mul', 'minimum', 'maximum', 'equal']);
/** Those whose first two arguments mean different things. */
const ordered = new Set(['sub', 'div', 'pow', 'greater', 'lerp']);
const unary = new Set(['neg', 'abs', 'sign', 'sqrt', 'square', 'exp', 'log', 'floor', 'mean', 'sum']);

/**
 * The arithmetic of an update rule is made of calls, which Stryker leaves alone: operands are dropped and exchanged,
 * and functions of one expression replaced by that expression.
 */
const ruleExpression: Mutator = {
  name: 'RuleExpression',
  *mutate({ node }) {
    if (node.type !== 'CallExpression') return;
    const callee = node.callee as SyntaxNode;
    const [first, second, third] = node.arguments as SyntaxNode[];
    if (callee.type !== 'Identifier' || first === undefined) return;
    const name = callee.name as string;
    const withArguments = (values: readonly (SyntaxNode | undefined)[]): SyntaxNode =>
      structuredClone({ ...node, arguments: values });
    if (unary.has(name)) yield structuredClone(first);
    if (second === undefined) return;
    if (commutative.has(name)) yield* [structuredClone(first), structuredClone(second)];
    if (ordered.has(name)) yield withArguments([second, first, ...(third === undefined ? [] : [third])]);
    if ((name === 'sub' || name === 'div' || name === 'pow') && third === undefined)
      yield structuredClone(first);
    if (name === 'where' && third !== undefined) {
      yield* [withArguments([first, third, second]), structuredClone(second), structuredClone(third)];
    }
  },
};

/** Doubles numbers, and makes 1 of 0: Stryker leaves them alone. */
const numericLiteral: Mutator = {
  name: 'NumericLiteral',
  *mutate({ node, parent }) {
    const isKey = parent.key === node && parent.computed !== true;
    if (node.type !== 'NumericLiteral' || isKey) return;
    const value = node.value as number;
    yield { type: 'NumericLiteral', value: value === 0 ? 1 : 2 * value };
  },
};

/** Leaves out a statement that calls or assigns; Stryker leaves out whole blocks only. */
const statementRemoval: Mutator = {
  name: 'StatementRemoval',
  *mutate({ node, parent }) {
    if (node.type !== 'ExpressionStatement') return;
    // Alone in its block it goes with the block.
    if (parent.type === 'BlockStatement' && (parent.body as SyntaxNode[]).length === 1) return;
    let expression = node.expression as SyntaxNode;
    if (expression.type === 'AwaitExpression') expression = expression.argument as SyntaxNode;
    const isSuperCall =
      expression.type === 'CallExpression' && (expression.callee as SyntaxNode).type === 'Super';
    const acts = ['CallExpression', 'OptionalCallExpression', 'AssignmentExpression', 'UnaryExpression'];
    if (acts.includes(expression.type) && !isSuperCall) yield { type: 'EmptyStatement' };
  },
};

/** Properties of records whose text people read: a test of it would repeat it. */
const prose = new Set(['title', 'paper', 'description']);

function isProse(path: SyntaxPath): boolean {
  for (let at: SyntaxPath | null = path; at !== null; at = at.parentPath) {
    const { parent, node } = at;
    if (parent?.type !== 'ObjectProperty' || parent.value !== node) continue;
    const key = parent.key as SyntaxNode;
    if (key.type === 'Identifier' && prose.has(key.name as string)) return true;
  }
  return false;
}

const exceptProse = ({ name, mutate }: Mutator): Mutator => ({
  name,
  *mutate(path) {
    if (!isProse(path)) yield* mutate(path);
  },
});

/**
 * Gives Stryker's instrumenter, of this process, the mutators that update rules need. Stryker has no plugins for
 * mutators: its list is changed in place, once, which its exact version in package.json keeps possible.
 *
 * @throws Error if this version of Stryker has no such list.
 */
export function extendMutators(): Promise<void> {
  extended ??= extendList();
  return extended;
}

let extended: Promise<void> | undefined;

async function extendList(): Promise<void> {
  const core = createRequire(import.meta.url).resolve('@stryker-mutator/core/package.json');
  const instrumenter = createRequire(core).resolve('@stryker-mutator/instrumenter');
  const list = new URL('./mutators/mutate.js', pathToFileURL(instrumenter));
  const { allMutators } = (await import(list.href)) as { allMutators: Mutator[] };
  const own = [ruleExpression, numericLiteral, statementRemoval];
  allMutators.splice(0, allMutators.length, ...[...allMutators, ...own].map(exceptProse));
}
