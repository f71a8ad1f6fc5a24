import type { TextSource } from '../options.ts';
import type { DocumentSource } from './document-source.ts';
import { openEmbeddedSource } from './embedded-source.ts';
import { openFileSource } from './files/file-source.ts';
import { openC4Hub } from './hub/c4-hub.ts';

/** A source of text, but for shards that have been prepared. */
export type ReadableSource = Exclude<TextSource, { readonly type: 'prepared' }>;

/** Opens a source for reading its documents in parts. */
export async function openSource(source: ReadableSource): Promise<DocumentSource> {
  if (source.type === 'embedded') return openEmbeddedSource();
  if (source.type === 'c4') {
    const { type, ...options } = source;
    return openC4Hub(options);
  }
  const { train, validation, textField, onSkipped } = source;
  return openFileSource({
    train: [train].flat(),
    validation: validation === undefined ? undefined : [validation].flat(),
    textField,
    onSkipped,
  });
}
