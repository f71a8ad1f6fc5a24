import { type EmbeddedSourceOptions, embeddedSource } from './embedded-source.ts';
import { type FileSourceOptions, fileSource } from './files/file-source.ts';
import { type C4SourceOptions, c4Source } from './hub/c4-hub.ts';
import { SourceCatalog } from './source-definition.ts';
import { type TextsSourceOptions, textsSource } from './texts-source.ts';

/** A source of text that options name. */
export type NamedSource = EmbeddedSourceOptions | TextsSourceOptions | FileSourceOptions | C4SourceOptions;

/** The sources that Node can read. */
export const nodeSources = new SourceCatalog([embeddedSource, textsSource, fileSource, c4Source]);
