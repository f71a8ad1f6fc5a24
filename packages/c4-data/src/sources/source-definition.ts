import { describe } from '../option-checks.ts';
import type { DocumentSource } from './document-source.ts';

/** A kind of source that options name by its `type`. */
export interface SourceDefinition<Options extends { readonly type: string }> {
  readonly type: Options['type'];
  /** Its options as messages show them, such as `{ type: 'embedded' }`. */
  readonly example: string;
  /**
   * @param options have this type
   * @throws TypeError if an option is unknown, missing or out of its range
   */
  check(options: Record<string, unknown>): void;
  /** @throws if the source cannot be read */
  open(options: Options): DocumentSource | Promise<DocumentSource>;
}

/** Whether a source is opened already: one of the caller's own. */
export function isDocumentSource(source: unknown): source is DocumentSource {
  const { shards, describe: description } = (source ?? {}) as Partial<DocumentSource>;
  return typeof shards === 'function' && typeof description === 'function';
}

type AnyDefinition = SourceDefinition<{ readonly type: string }>;

/** The kinds of sources that a platform can read. */
export class SourceCatalog {
  private readonly definitions: ReadonlyMap<unknown, AnyDefinition>;

  /** @param definitions what `type` names: each takes the options of its own type */
  constructor(definitions: readonly AnyDefinition[]) {
    this.definitions = new Map(definitions.map((one) => [one.type, one]));
  }

  /**
   * @param more examples of what else is taken, for the message
   * @throws TypeError if a source is of no known kind, or an option of it is wrong
   */
  check(source: unknown, more: readonly string[] = []): void {
    if (isDocumentSource(source)) return;
    this.definitionOf(source, more).check(source as Record<string, unknown>);
  }

  async open(source: unknown): Promise<DocumentSource> {
    if (isDocumentSource(source)) return source;
    return this.definitionOf(source, []).open(source as { type: string });
  }

  private definitionOf(source: unknown, more: readonly string[]): AnyDefinition {
    const found = this.definitions.get((source as { type?: unknown } | null | undefined)?.type);
    if (found !== undefined) return found;
    const examples = [...[...this.definitions.values()].map(({ example }) => example), ...more];
    throw new TypeError(
      `source must be ${examples.slice(0, -1).join(', ')} or ${examples.at(-1)}, got ${describe(source)}`,
    );
  }
}
