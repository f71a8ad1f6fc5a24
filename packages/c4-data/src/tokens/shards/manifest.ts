import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { printable, printableStart } from '@steepest/run-files';
import * as z from 'zod';
import { openSealedJson, sealJson } from '../../sealed-json.ts';
import type { SplitName } from '../../sources/document-source.ts';

/** Names the format in every manifest. */
const formatName = 'steepest-token-shards';
/** Raised when what the files hold, or how they are laid out, changes. */
const formatVersion = 2;
const manifestFile = 'manifest.json';
/** Tokens of one shard: an end in the document index has 32 bits. */
export const mostShardTokens = 2 ** 31 - 1;
/** Bytes of a document in the index: two 32-bit integers. */
export const indexRowBytes = 8;

const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hex');
const fileName = z.string().regex(/^[\w.-]+$/, 'expected the name of a file in the folder of the manifest');

const shardRecord = z.strictObject({
  /** Token ids, little-endian, one after another. */
  tokensFile: fileName,
  /** Two 32-bit little-endian integers a document: where its tokens end in the shard, and the bytes of its text. */
  documentsFile: fileName,
  documents: count,
  tokens: count,
  /** UTF-8 bytes of the text. */
  bytes: count,
  tokensSha256: sha256,
  documentsSha256: sha256,
  /** CRC-32 of each 16 KiB of the tokens, then of the index: 32-bit little-endian integers. */
  checksumsFile: fileName,
  checksumsSha256: sha256,
});

const splitRecord = z.strictObject({
  documents: count,
  tokens: count,
  bytes: count,
  shards: z.array(shardRecord),
});

const malformedLine = z.strictObject({ file: z.string(), line: z.int().positive(), reason: z.string() });

const manifestSchema = z.strictObject({
  format: z.literal(formatName),
  version: z.literal(formatVersion),
  tokenType: z.enum(['uint16', 'uint32']),
  tokenizer: z.strictObject({
    /** Equal hashes give equal ids. */
    hash: z.string(),
    vocabularySize: z.int().positive(),
    endOfSequence: count,
    /** The definition, in the folder of the manifest. */
    file: fileName,
    sha256,
  }),
  /** Orders the documents; null leaves them in the order of the source. */
  seed: count.nullable(),
  /** Share of the training documents that became validation documents; null where these have their own source. */
  validationFraction: z.number().nullable(),
  /** Where shards and reading end; null where nothing but the text ends it. */
  limits: z.strictObject({
    shardTokens: z.int().positive(),
    documents: count.nullable(),
    validationDocuments: count.nullable(),
  }),
  source: z.record(z.string(), z.json()),
  /** What was read, in the order of reading. */
  inputs: z.array(
    z.strictObject({
      name: z.string(),
      split: z.enum(['train', 'validation']),
      /** Stored bytes, compressed; null where unknown. */
      bytes: count.nullable(),
      /** Documents read. */
      documents: count,
      /** Those without a token, which are left out. */
      emptyDocuments: count,
      malformedLines: count,
    }),
  ),
  malformedLines: z.strictObject({ count, examples: z.array(malformedLine) }),
  splits: z.strictObject({ train: splitRecord, validation: splitRecord }),
});

/** One pair of files with tokens and their document index. */
export type ShardRecord = z.infer<typeof shardRecord>;
/** The shards of one side of the split. */
export type SplitRecord = z.infer<typeof splitRecord>;
/** What a folder of token shards holds. */
export type ShardManifest = z.infer<typeof manifestSchema>;

/** Bytes of a token in the files of a manifest. */
export function tokenBytes({ tokenType }: Pick<ShardManifest, 'tokenType'>): 2 | 4 {
  return tokenType === 'uint16' ? 2 : 4;
}

/** A manifest of the present version. */
export function createManifest(content: Omit<ShardManifest, 'format' | 'version'>): ShardManifest {
  return { format: formatName, version: formatVersion, ...content };
}

export function manifestPath(directory: string): string {
  return join(directory, manifestFile);
}

/** What {@link shardFiles} names. */
export const shardFile = /^(train|validation)-\d{5,}\.(tokens|documents|checksums)$/;

/** Names of a shard's files. */
export function shardFiles(
  split: SplitName,
  index: number,
): Pick<ShardRecord, 'tokensFile' | 'documentsFile' | 'checksumsFile'> {
  const name = `${split}-${String(index).padStart(5, '0')}`;
  return {
    tokensFile: `${name}.tokens`,
    documentsFile: `${name}.documents`,
    checksumsFile: `${name}.checksums`,
  };
}

/** A manifest as its file has it, with a checksum of its own. */
export function formatManifest(manifest: ShardManifest): string {
  return sealJson(manifest, 2);
}

/**
 * Reads the manifest of a folder of token shards.
 *
 * @throws if there is none, or it is not one of this version; the message names the field
 */
export async function readManifest(directory: string): Promise<ShardManifest> {
  const path = manifestPath(directory);
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Error(
      cause.code === 'ENOENT'
        ? `${directory} has no ${manifestFile}: expected a folder that "steepest data prepare" has completed`
        : `cannot read ${path}: ${cause.message}`,
      { cause },
    );
  });
  return parseManifest(text, path);
}

function parseManifest(text: string, path: string): ShardManifest {
  const content = openManifest(text, path);
  const checked = manifestSchema.safeParse(content);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const field = issue!.path.length === 0 ? 'the whole' : printable(issue!.path.join('.'));
    throw new Error(
      `${path} is not a manifest of token shards: ${field}: ${printableStart(issue!.message, 200)}`,
    );
  }
  const files = Object.values(checked.data.splits).flatMap(({ shards }) =>
    shards.flatMap((shard) => [shard.tokensFile, shard.documentsFile, shard.checksumsFile]),
  );
  const seen = new Set<string>();
  const twice = files.find((file) => seen.size === seen.add(file).size);
  if (twice !== undefined) throw new Error(`${path} names the file ${twice} twice`);
  return checked.data;
}

/** The content of a manifest. Its format and version are looked at first: those of others have no checksum. */
function openManifest(text: string, path: string): Record<string, unknown> {
  const { format, version } = peek(text);
  if (format === formatName && typeof version === 'number' && version !== formatVersion) {
    const remedy = version > formatVersion ? 'update it' : 'prepare the data again';
    throw new Error(`${path} has format version ${version}; this package reads ${formatVersion}: ${remedy}`);
  }
  return openSealedJson(text, path);
}

function peek(text: string): { readonly format?: unknown; readonly version?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
