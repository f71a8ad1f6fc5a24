/** One document of a source, with the fields of C4. */
export interface SourceDocument {
  readonly text: string;
  /** Time of the crawl as the source writes it; null where unknown. */
  readonly timestamp: string | null;
  /** Address of the page; null where unknown. */
  readonly url: string | null;
  /** Where the document is, for messages: `"<file> line <n>"`. */
  readonly location: string;
}

export type SplitName = 'train' | 'validation';

/** A line that holds no document: the reader reports it and continues with the next. */
export interface MalformedLine {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly reason: string;
}

/** What one reading of a shard takes. */
export interface OpenShardOptions {
  /** Ends the reading: the iteration throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called for every line that holds no document. Without it such a line is an error. */
  readonly onMalformed?: ((problem: MalformedLine) => void) | undefined;
  /** Called with the compressed bytes read so far in this reading; never decreases. */
  readonly onBytes?: ((read: number) => void) | undefined;
}

/** A part of a source that is read on its own, always from its start: the unit of parallel work and of resuming. */
export interface DocumentShard {
  /** What messages and manifests call it: `en/c4-train.00000-of-01024.json.gz`, or a file's path. */
  readonly name: string;
  /** Size as stored or sent, compressed; undefined where it is not known before reading. */
  readonly bytes: number | undefined;
  /**
   * Reads the documents in their order, the same at every reading.
   *
   * @throws if the shard cannot be read to its end, or on a malformed line without `onMalformed`
   */
  open(options?: OpenShardOptions): AsyncIterable<SourceDocument>;
}

/** Documents in shards, for reading in parallel and in parts. */
export interface DocumentSource {
  /** JSON for a manifest: enough to name the text exactly (commit, variant, files, checksums where known). */
  describe(): Promise<Readonly<Record<string, unknown>>>;
  /** The shards of one side, in order; none where the source has no such side. */
  shards(split: SplitName): Promise<readonly DocumentShard[]>;
}
