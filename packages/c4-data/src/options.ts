import { distance } from 'fastest-levenshtein';

/** The text to read: the embedded corpus, or files and folders in C4's format. */
export type TextSource =
  | { readonly type: 'embedded' }
  | {
      readonly type: 'files';
      /** Files (`.json.gz`, `.jsonl.gz`, `.jsonl`, `.json`) or folders of them. */
      readonly train: string | readonly string[];
      /** Without it, part of the training documents is kept for validation: `validationFraction`. */
      readonly validation?: string | readonly string[];
    };

function nearest(key: string, known: readonly string[]): string {
  const edits = (name: string): number => distance(key.toLowerCase(), name.toLowerCase());
  return known.reduce((best, name) => (edits(name) < edits(best) ? name : best));
}

function checkKeys(
  value: unknown,
  known: readonly string[],
  name: string,
): asserts value is Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new TypeError(`${name} must be an object, got ${describe(value)}`);
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new TypeError(`${name} has no option "${key}": did you mean "${nearest(key, known)}"?`);
    }
  }
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return `${JSON.stringify(value)} (${Array.isArray(value) ? 'array' : typeof value})`;
}

/** @throws if the value is not an integer of at least `least` */
export function checkInteger(value: unknown, name: string, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw new TypeError(`${name} must be an integer of ${least} or more, got ${describe(value)}`);
  }
}

function checkPaths(value: unknown, name: string): void {
  const paths = typeof value === 'string' ? [value] : value;
  if (
    !Array.isArray(paths) ||
    paths.length === 0 ||
    !paths.every((path) => typeof path === 'string' && path)
  ) {
    throw new TypeError(`${name} must be a path or a list of paths, got ${describe(value)}`);
  }
}

function checkSource(source: unknown): void {
  const type = (source as { type?: unknown } | null | undefined)?.type;
  if (type !== 'embedded' && type !== 'files') {
    throw new TypeError(
      `source must be { type: 'embedded' } or { type: 'files', train: [...] }, got ${describe(source)}`,
    );
  }
  const known = type === 'embedded' ? ['type'] : ['type', 'train', 'validation'];
  checkKeys(source, known, 'source');
  if (type === 'embedded') return;
  checkPaths(source.train, 'source.train');
  if (source.validation !== undefined) checkPaths(source.validation, 'source.validation');
}

function checkTokenizer(tokenizer: unknown): void {
  if (tokenizer === 'embedded') return;
  const file = (tokenizer as { file?: unknown } | null | undefined)?.file;
  if (typeof file !== 'string' || file === '') {
    throw new TypeError(
      `tokenizer must be 'embedded' or { file: '<path of tokenizer.json>' }, got ${describe(tokenizer)}`,
    );
  }
  checkKeys(tokenizer, ['file'], 'tokenizer');
}

const KNOWN = [
  'source',
  'tokenizer',
  'contextLength',
  'batchSize',
  'seed',
  'validationFraction',
  'cacheDirectory',
  'onProgress',
];

/** @throws TypeError if an option is unknown, missing or out of its range */
export function checkOptions(options: unknown): void {
  checkKeys(options, KNOWN, 'openTextData');
  checkSource(options.source);
  checkTokenizer(options.tokenizer);
  checkInteger(options.contextLength, 'contextLength', 1);
  checkInteger(options.batchSize, 'batchSize', 1);
  checkInteger(options.seed, 'seed', 0);
  const { validationFraction: fraction, cacheDirectory, onProgress } = options;
  if (fraction !== undefined && !(typeof fraction === 'number' && fraction >= 0 && fraction < 1)) {
    throw new TypeError(
      `validationFraction must be a number of at least 0 and below 1, got ${describe(fraction)}`,
    );
  }
  if (fraction !== undefined && (options.source as { validation?: unknown }).validation !== undefined) {
    throw new TypeError('give either source.validation or validationFraction, not both');
  }
  if (cacheDirectory !== undefined && (typeof cacheDirectory !== 'string' || cacheDirectory === '')) {
    throw new TypeError(`cacheDirectory must be the path of a folder, got ${describe(cacheDirectory)}`);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new TypeError(`onProgress must be a function, got ${describe(onProgress)}`);
  }
}
