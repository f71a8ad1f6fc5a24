import type { TextSource } from '../options.ts';
import type { DocumentSource } from './document-source.ts';
import { openEmbeddedSource } from './embedded-source.ts';
import { openFileSource } from './file-source.ts';
import { openC4Hub } from './hub/c4-hub.ts';

/** A source of text, but for shards that have been prepared. */
export type ReadableSource = Exclude<TextSource, { readonly type: 'prepared' }>;

/** Opens a source for reading its documents in parts. */
export async function openSource(source: ReadableSource): Promise<DocumentSource> {
  if (source.type === 'embedded') return openEmbeddedSource();
  if (source.type === 'c4') return openC4Source(source);
  const { train, validation } = source;
  return openFileSource({
    train: [train].flat(),
    ...(validation === undefined ? {} : { validation: [validation].flat() }),
  });
}

/** C4 on the hub; without `validation`, part of the training documents is to serve for it, as with files. */
function openC4Source({
  type,
  ...options
}: Extract<ReadableSource, { readonly type: 'c4' }>): DocumentSource {
  const hub = openC4Hub(options);
  if (options.validation !== undefined) return hub;
  const { validation, ...description } = hub.description;
  return { description, shards: async (split) => (split === 'train' ? hub.shards(split) : []) };
}
