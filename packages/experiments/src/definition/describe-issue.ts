import { printable } from '@steepest/run-files';
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
      const message = `unknown key "${printable(unknown)}"${suggestion} (known keys: ${known.join(', ')})`;
      return place.problem([...path, unknown], message);
    });
  }
  if (issue.code === 'invalid_union') {
    const branch = fittingBranch(issue.errors, valueAt(content, path));
    if (branch !== undefined) {
      return branch.flatMap((inner) => describeIssue(inner, place, schema, content, path));
    }
  }
  const value = valueAt(content, path);
  const hint = value === undefined ? missingHint(path, content) : '';
  return [place.problem(path, describe(issue, value) + hint)];
}

/** What a union takes, where none of its branches is the one that was meant: `a number or a list of numbers`. */
function wanted(branches: readonly Issue[][]): string | undefined {
  const kinds = branches.map(([issue]) => {
    if (issue?.code === 'invalid_type') return article(issue.expected);
    return issue?.code === 'invalid_value' ? issue.values.join(', ') : undefined;
  });
  return kinds.some((kind) => kind === undefined) ? undefined : kinds.join(' or ');
}

/** What to write where the learning rate of a hybrid is missing, which its members may well have. */
function missingHint(path: readonly PropertyKey[], content: unknown): string {
  const entry = valueAt(content, path.slice(0, -1));
  const isHybrid = typeof entry === 'object' && entry !== null && 'members' in entry;
  if (path.at(-1) !== 'learningRate' || !isHybrid) return '';
  return (
    ': the learning rate that is compared is given beside members, for the one member without one of its own; ' +
    'move it here from that member'
  );
}

/** The hint for a number that YAML reads as text. */
function numberHint(value: unknown): string {
  if (typeof value !== 'string') return '';
  if (value.trim() !== '' && Number.isFinite(Number(value))) return `; without quotes: ${value.trim()}`;
  return /\d/.test(value) ? '; YAML writes numbers as 1000, 0.001 or 1e-3' : '';
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
  const got = `got ${shown(value)}`;
  if (typeof value === 'number' && !Number.isFinite(value)) return `must be a finite number, ${got}`;
  if (issue.code === 'invalid_type') {
    const hint = issue.expected === 'number' ? numberHint(value) : '';
    return `must be ${article(issue.expected)}, ${got}${hint}`;
  }
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}, ${got}`;
  if (issue.code === 'too_small') {
    if (issue.origin === 'array') return 'must hold at least one value';
    if (issue.origin === 'string') return 'must not be empty';
    return `must be ${issue.inclusive ? 'at least' : 'greater than'} ${issue.minimum}, ${got}`;
  }
  if (issue.code === 'too_big') {
    return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}, ${got}`;
  }
  if (issue.code === 'invalid_union') {
    const forms = wanted(issue.errors);
    if (forms === undefined) return `has the wrong form, ${got}`;
    const hint = forms.includes('a number') ? numberHint(value) : '';
    return `must be ${forms}, or one of these by scale, ${got}${hint}`;
  }
  return issue.code === 'custom' ? issue.message : `${issue.message}, ${got}`;
}

/** A value and its kind; JSON has no word for numbers that are not finite. */
function shown(value: unknown): string {
  if (typeof value === 'number') return `${value} (number)`;
  const text = JSON.stringify(value);
  const short = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return `${short} (${Array.isArray(value) ? 'list' : value === null ? 'nothing' : typeof value})`;
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
