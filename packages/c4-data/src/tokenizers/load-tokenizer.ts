import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { checkKeys, describe } from '../option-checks.ts';
import { fetchHubFile } from '../sources/hub/fetch-hub-file.ts';
import { HUB_OPTION_KEYS } from '../sources/hub/hub-options.ts';
import type { HubOptions } from '../sources/hub/settings.ts';
import type { Pruning } from './pruning.ts';
import type { Tokenizer } from './tokenizer.ts';
import {
  definitionOf,
  isTokenizerText,
  type NamedDefinition,
  type TokenizerText,
  tokenizerFrom,
} from './tokenizer-text.ts';

/** Which tokenizer: the embedded one, a `tokenizer.json` as text or on disk, or one of a model of the Hugging Face hub. */
export type TokenizerChoice =
  | TokenizerText
  | { readonly file: string }
  | {
      /** A model of the hub, such as `google-t5/t5-base`. */
      readonly hub: string;
      /** A commit, branch or tag. Default `main`. */
      readonly revision?: string | undefined;
      /** Path in the repository. Default `tokenizer.json`. */
      readonly file?: string | undefined;
    };

/** How `loadTokenizer` gets and changes a tokenizer. The options of the hub serve a choice `{ hub }` alone. */
export interface LoadTokenizerOptions extends HubOptions {
  /** Leaves a smaller vocabulary, for small models. */
  readonly prune?: Pruning | undefined;
}

const CHOICES =
  "'embedded', { file: '<path of tokenizer.json>' }, { definition: '<text of it>' } or { hub: 'google-t5/t5-base' }";

/** @throws TypeError if the choice names no tokenizer */
export function checkTokenizerChoice(choice: unknown): asserts choice is TokenizerChoice {
  if (choice === 'embedded') return;
  if (isTokenizerText(choice)) {
    checkKeys(choice, ['definition'], 'tokenizer');
    return;
  }
  const onHub = (choice as { hub?: unknown } | null | undefined)?.hub !== undefined;
  const given = choice as Record<string, unknown> | null | undefined;
  if (typeof given?.[onHub ? 'hub' : 'file'] !== 'string' || given[onHub ? 'hub' : 'file'] === '') {
    throw new TypeError(`tokenizer must be ${CHOICES}, got ${describe(choice)}`);
  }
  checkKeys(choice, onHub ? ['hub', 'revision', 'file'] : ['file'], 'tokenizer');
  for (const key of ['revision', 'file']) {
    if (given[key] !== undefined && typeof given[key] !== 'string') {
      throw new TypeError(`tokenizer.${key} must be a string, got ${describe(given[key])}`);
    }
  }
}

async function readTokenizerFile(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'no such file' : cause.message;
    throw new Error(`cannot read the tokenizer ${file}: ${reason}`, { cause });
  });
}

/** @throws if the bytes are not UTF-8, so that pieces would be others than the file's */
function decodeDefinition(bytes: Buffer, name: string): string {
  if (isUtf8(bytes)) return bytes.toString('utf8').replace(/^\uFEFF/, '');
  throw new Error(`${name} is not UTF-8, which a tokenizer.json is`);
}

async function readChoice(choice: TokenizerChoice, hub: HubOptions): Promise<NamedDefinition> {
  if (isTokenizerText(choice)) return definitionOf(choice);
  if (!('hub' in choice)) {
    const { file } = choice;
    return { json: decodeDefinition(await readTokenizerFile(file), file), name: file };
  }
  const { hub: name, revision, file: path = 'tokenizer.json' } = choice;
  const bytes = await fetchHubFile({
    ...hub,
    ...(revision === undefined ? {} : { revision }),
    repository: { type: 'model', name },
    path,
    alternative: 'give a local copy with { file }',
  });
  const named = `${path} of ${name}`;
  return { json: decodeDefinition(bytes, named), name: named };
}

/**
 * Opens a tokenizer: `'embedded'` (4,096 unigram pieces trained on the embedded corpus), a `tokenizer.json` as text or on disk, or that of a
 * model of the Hugging Face hub, which is kept in the hub's cache.
 *
 * T5's own file gives 32,100 pieces; models usually pad its embedding to 32,128 rows.
 *
 * @throws if the file is missing, is not JSON, or is neither a unigram nor a BPE tokenizer with a `</s>` or `<|endoftext|>` piece;
 *   if it cannot be had from the hub; if an option is unknown or `prune` asks for more pieces than there are or fewer than must be kept
 */
export async function loadTokenizer(
  choice: TokenizerChoice,
  options: LoadTokenizerOptions = {},
): Promise<Tokenizer> {
  checkTokenizerChoice(choice);
  checkKeys(options, ['prune', ...HUB_OPTION_KEYS], 'loadTokenizer');
  const { prune, ...hub } = options;
  return tokenizerFrom(() => readChoice(choice, hub), prune);
}
