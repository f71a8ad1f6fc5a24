import type { TextSource } from '../options.ts';
import type { DocumentSource } from './document-source.ts';
import { openEmbeddedSource } from './embedded-source.ts';
import { openFileSource } from './file-source.ts';

/** A source of text, but for shards that have been prepared. */
export type ReadableSource = Exclude<TextSource, { readonly type: 'prepared' }>;

/** Opens a source for reading its documents in parts. */
export async function openSource(source: ReadableSource): Promise<DocumentSource> {
  if (source.type === 'embedded') return openEmbeddedSource();
  const { train, validation } = source;
  return openFileSource({
    train: [train].flat(),
    ...(validation === undefined ? {} : { validation: [validation].flat() }),
  });
}
