import type { z } from 'zod';
import type { ExperimentProblem } from './experiment-error.ts';
import type { ExperimentText } from './experiment-text.ts';
import { nearestKey } from './nearest-key.ts';
import { knownKeys } from './schema.ts';

type Issue = z.core.$ZodIssue;

/** Whether an optimizer is named that is none. */
export function namesUnknownOptimizer({ code, path }: Issue): boolean {
  return code === 'unrecognized_keys' && path.length === 1 && path[0] === 'optimizers';
}

/** Says what is wrong where, for every problem that an issue of the schema stands for. */
export function describeIssue(
  issue: Issue,
  place: ExperimentText,
  schema: z.ZodType,
  content: unknown,
  base: readonly PropertyKey[] = [],
): ExperimentProblem[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((unknown) => {
      const known = knownKeys(path, schema);
      const nearest = nearestKey(unknown, known);
      const suggestion = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
      const message = `unknown key "${unknown}"${suggestion} (known keys: ${known.join(', ')})`;
      return place.problem([...path, unknown], message);
    });
  }
  if (issue.code === 'invalid_union') {
    const branch = fittingBranch(issue.errors, valueAt(content, path));
    if (branch !== undefined) {
      return branch.flatMap((inner) => describeIssue(inner, place, schema, content, path));
    }
  }
  return [place.problem(path, describe(issue, valueAt(content, path)))];
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
