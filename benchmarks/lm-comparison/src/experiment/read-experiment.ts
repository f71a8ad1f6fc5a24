import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { FailedPackage } from '@steepest/registry/node';
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { loadOptimizers } from '../optimizers.ts';
import { ExperimentError, type ExperimentProblem } from './experiment-error.ts';
import { nearestKey } from './nearest-key.ts';
import { type Experiment, experimentSchema, knownKeys } from './schema.ts';

/**
 * Reads and validates an experiment file; relative data paths in it are taken from its folder.
 * @throws ExperimentError naming file, line, column and key of everything wrong
 */
export async function readExperiment(file: string): Promise<Experiment> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const message =
      code === 'ENOENT' ? 'no such experiment file' : `cannot be read: ${(error as Error).message}`;
    throw new ExperimentError(file, [{ key: '', message }]);
  }
  const { failed } = await loadOptimizers();
  const experiment = parseExperiment(text, file, failed);
  return { ...experiment, data: absoluteData(experiment.data, dirname(resolve(file))) };
}

/**
 * Validates the text of an experiment file, whose optimizers must be loaded.
 * @param failed Optimizer packages that could not be loaded, which explain why a name is not known
 * @throws ExperimentError naming file, line, column and key of everything wrong
 */
export function parseExperiment(
  text: string,
  file: string,
  failed: readonly Pick<FailedPackage, 'name' | 'reason'>[] = [],
): Experiment {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // Only the first: a parser's later errors are mostly consequences of it.
  const [malformed] = document.errors;
  if (malformed !== undefined) {
    const message = `not valid YAML: ${malformed.message}`;
    throw new ExperimentError(file, [{ ...place(lines, malformed.pos[0]), key: '', message }]);
  }
  const content: unknown = document.toJS();
  if (content === null || content === undefined) {
    throw new ExperimentError(file, [{ line: 1, column: 1, key: '', message: 'is empty' }]);
  }
  const parsed = experimentSchema().safeParse(content);
  if (parsed.success) return inFileOrder(parsed.data, content);
  const problems = parsed.error.issues.flatMap((issue) => describeIssue(issue, document, lines, content));
  if (parsed.error.issues.some(namesUnknownOptimizer)) {
    const at = place(lines, offsetOf(document, ['optimizers']));
    const unusable = failed.map(
      ({ name, reason }) => `${name} is installed but could not be loaded: ${reason}`,
    );
    problems.push(...unusable.map((message) => ({ ...at, key: 'optimizers', message })));
  }
  throw new ExperimentError(
    file,
    problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
  );
}

/** The experiment with its optimizers in the order of the file, in which they run and are shown. */
function inFileOrder(experiment: Experiment, content: unknown): Experiment {
  const names = Object.keys((content as Experiment).optimizers);
  const optimizers = Object.fromEntries(names.map((name) => [name, experiment.optimizers[name]!]));
  return { ...experiment, optimizers };
}

type Issue = z.core.$ZodIssue;

function namesUnknownOptimizer({ code, path }: Issue): boolean {
  return code === 'unrecognized_keys' && path.length === 1 && path[0] === 'optimizers';
}

function describeIssue(
  issue: Issue,
  document: Document,
  lines: LineCounter,
  content: unknown,
  base: readonly PropertyKey[] = [],
): ExperimentProblem[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((unknown) => {
      const known = knownKeys(path);
      const nearest = nearestKey(unknown, known);
      const suggestion = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
      return {
        ...place(lines, offsetOf(document, [...path, unknown])),
        key: [...path, unknown].join('.'),
        message: `unknown key "${unknown}"${suggestion} (known keys: ${known.join(', ')})`,
      };
    });
  }
  if (issue.code === 'invalid_union') {
    const branch = fittingBranch(issue.errors, valueAt(content, path));
    if (branch !== undefined) {
      return branch.flatMap((inner) => describeIssue(inner, document, lines, content, path));
    }
  }
  return [
    {
      ...place(lines, offsetOf(document, path)),
      key: path.join('.'),
      message: describe(issue, valueAt(content, path)),
    },
  ];
}

/** Of a union's branches the one the value was meant for: the list branch for a list, and so on. */
function fittingBranch(branches: readonly Issue[][], value: unknown): Issue[] | undefined {
  return branches.find((issues) => {
    const wrongKind = issues.some(
      (issue) => issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value'),
    );
    return !wrongKind && value !== undefined;
  });
}

function describe(issue: Issue, value: unknown): string {
  if (value === undefined) return 'is missing';
  const got = `got ${JSON.stringify(value)} (${Array.isArray(value) ? 'list' : typeof value})`;
  if (issue.code === 'invalid_type') return `must be ${article(issue.expected)}, ${got}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}, ${got}`;
  if (issue.code === 'too_small') {
    if (issue.origin === 'array') return 'must hold at least one value';
    if (issue.origin === 'string') return 'must not be empty';
    return `must be ${issue.inclusive ? 'at least' : 'greater than'} ${issue.minimum}, ${got}`;
  }
  if (issue.code === 'too_big') {
    return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}, ${got}`;
  }
  if (issue.code === 'invalid_union') return `has the wrong form, ${got}`;
  return issue.code === 'custom' ? issue.message : `${issue.message}, ${got}`;
}

function article(kind: string): string {
  const words: Record<string, string> = {
    int: 'a whole number',
    number: 'a number',
    string: 'a text',
    boolean: 'true or false',
    object: 'a group of keys',
    array: 'a list',
  };
  return words[kind] ?? kind;
}

function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  let value = content;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** Where the key at a path starts in the text; where it is missing, the nearest parent that exists. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key);
      const range = isScalar(pair?.key) ? pair.key.range : undefined;
      if (range) return range[0];
    } else {
      const range = (document.getIn(path.slice(0, length), true) as Node | undefined)?.range;
      if (range) return range[0];
    }
  }
  return 0;
}

function place(lines: LineCounter, offset: number | undefined): { line: number; column: number } {
  const { line, col } = lines.linePos(offset ?? 0);
  return { line, column: col };
}

function absoluteData(data: Experiment['data'], folder: string): Experiment['data'] {
  const absolute = (paths: string | string[]) =>
    Array.isArray(paths) ? paths.map((path) => resolve(folder, path)) : resolve(folder, paths);
  const tokenizer = data.tokenizer === 'embedded' ? data.tokenizer : resolve(folder, data.tokenizer);
  if (data.source === 'embedded') return { ...data, tokenizer };
  const { train, validation } = data.source;
  return {
    ...data,
    tokenizer,
    source: {
      train: absolute(train),
      ...(validation === undefined ? {} : { validation: absolute(validation) }),
    },
  };
}
