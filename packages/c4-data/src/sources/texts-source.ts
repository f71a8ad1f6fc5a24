import { createHasher } from '#platform';
import { checkKeys, describe } from '../option-checks.ts';
import { utf8Bytes } from '../text-bytes.ts';
import type { DocumentShard, DocumentSource, SplitName } from './document-source.ts';
import type { SourceDefinition } from './source-definition.ts';

/** Documents that are in memory already. */
export interface TextsSourceOptions {
  readonly type: 'texts';
  readonly train: readonly string[];
  /** Without them, part of the training documents is kept for validation: `validationFraction`. */
  readonly validation?: readonly string[] | undefined;
}

function checkTexts(texts: unknown, name: string): void {
  const wrong = Array.isArray(texts) ? texts.findIndex((text) => typeof text !== 'string') : undefined;
  if (wrong === -1) {
    checkCharacters(texts as readonly string[], name);
    return;
  }
  throw new TypeError(
    wrong === undefined
      ? `${name} must be a list of texts, got ${describe(texts)}`
      : `${name}[${wrong}] must be a string, got ${describe((texts as unknown[])[wrong])}`,
  );
}

/** @throws TypeError if a text has half of a character, in place of which another one would be read */
function checkCharacters(texts: readonly string[], name: string): void {
  const cut = texts.findIndex((text) => /\p{Surrogate}/u.test(text));
  if (cut === -1) return;
  const at = texts[cut]!.search(/\p{Surrogate}/u);
  throw new TypeError(`${name}[${cut}] has half of a character at ${at}: it was cut in two`);
}

function shardOf(split: SplitName, texts: readonly string[]): DocumentShard {
  const name = `the ${split === 'train' ? 'training' : 'validation'} texts`;
  return {
    name,
    bytes: texts.reduce((sum, text) => sum + utf8Bytes(text), 0),
    async *open({ signal, onBytes } = {}) {
      let read = 0;
      for (const [index, text] of texts.entries()) {
        signal?.throwIfAborted();
        read += utf8Bytes(text);
        onBytes?.(read);
        yield { text, timestamp: null, url: null, location: `${name}, number ${index}` };
      }
    },
  };
}

function hashOf(texts: readonly string[]): string {
  const hash = createHasher('sha256');
  // With their lengths: no two lists are one text when they are joined.
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.hex();
}

/** Texts in memory as a source of one shard per side. */
export const textsSource: SourceDefinition<TextsSourceOptions> = {
  type: 'texts',
  example: "{ type: 'texts', train: [...] }",
  check(options) {
    checkKeys(options, ['type', 'train', 'validation'], 'source');
    checkTexts(options.train, 'source.train');
    if (options.validation !== undefined) checkTexts(options.validation, 'source.validation');
  },
  open({ train, validation }): DocumentSource {
    const shards = {
      train: [shardOf('train', train)],
      validation: validation === undefined ? [] : [shardOf('validation', validation)],
    };
    return {
      describe: async () => ({
        type: 'texts',
        train: hashOf(train),
        ...(validation === undefined ? {} : { validation: hashOf(validation) }),
      }),
      shards: async (split) => shards[split],
    };
  },
};
