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
  readonly hub: { readonly file: { readonly code: string; readonly opts: { readonly filename: string } } };
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
const prose = new Set(['title', 'paper', 'description', 'recommended']);

function isProse(path: SyntaxPath): boolean {
  for (let at: SyntaxPath | null = path; at !== null; at = at.parentPath) {
    const { parent, node } = at;
    if (parent?.type !== 'ObjectProperty' || parent.value !== node) continue;
    const key = parent.key as SyntaxNode;
    if (key.type === 'Identifier' && prose.has(key.name as string)) return true;
  }
  return false;
}

/** What a mutant is known by wherever its line moves, to choose it by. */
export interface MutantIdentity {
  /** Absolute path. */
  readonly file: string;
  /** The first of the lines that it changes. */
  readonly line: string;
  /** From 0. */
  readonly column: number;
  /** Which mutator made it, and as which of its mutants of this place. */
  readonly mutator: string;
}

const chosen = ({ name, mutate }: Mutator, choose: (mutant: MutantIdentity) => boolean): Mutator => ({
  name,
  *mutate(path) {
    if (isProse(path)) return;
    let index = 0;
    for (const replacement of mutate(path)) {
      const { code, opts } = path.hub.file;
      const { line, column } = (path.node.loc as { start: { line: number; column: number } }).start;
      const text = code.split('\n')[line - 1]!;
      const mutator = `${name} ${index++}`;
      if (choose({ file: opts.filename, line: text, column, mutator })) yield replacement;
    }
  },
});

/**
 * Gives Stryker's instrumenter, of this process, the mutators that update rules need, and lets it make only the mutants
 * that `choose` wants. Stryker has no plugins for mutators: its list is changed in place, which its exact version in
 * package.json keeps possible.
 *
 * @throws Error if this version of Stryker has no such list.
 */
export async function extendMutators(choose: (mutant: MutantIdentity) => boolean): Promise<void> {
  const core = createRequire(import.meta.url).resolve('@stryker-mutator/core/package.json');
  const instrumenter = createRequire(core).resolve('@stryker-mutator/instrumenter');
  const list = new URL('./mutators/mutate.js', pathToFileURL(instrumenter));
  const { allMutators } = (await import(list.href)) as { allMutators: Mutator[] };
  originals ??= [...allMutators, ruleExpression, numericLiteral, statementRemoval];
  allMutators.splice(0, allMutators.length, ...originals.map((mutator) => chosen(mutator, choose)));
}

let originals: readonly Mutator[] | undefined;
