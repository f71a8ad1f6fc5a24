import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockChecksums, encodeChecksums } from './block-checksums.ts';
import { indexRowBytes, readManifest, type ShardManifest, type ShardRecord, tokenBytes } from './manifest.ts';
import { readShardDocuments, readShardTokens } from './shard-files.ts';

/** Something wrong with a file of prepared shards. */
export interface ShardProblem {
  readonly file: string;
  readonly problem: string;
}

/** What `verifyTokenShards` found; shards without a problem are as they were written. */
export interface ShardVerification {
  readonly problems: readonly ShardProblem[];
  readonly shards: number;
  readonly documents: number;
  readonly tokens: number;
}

/** How much of the shards has been read. */
export interface VerificationProgress {
  readonly tokens: number;
  readonly fraction: number;
  readonly seconds: number;
}

/**
 * Reads all shards of a folder and checks them: sizes, checksums, counts, that the index fits the tokens, that every id lies
 * in the vocabulary, and that every document ends with `</s>`.
 *
 * @throws if the manifest is missing or malformed
 */
export async function verifyTokenShards(
  directory: string,
  onProgress?: (progress: VerificationProgress) => void,
): Promise<ShardVerification> {
  const manifest = await readManifest(directory);
  const { splits } = manifest;
  const started = performance.now();
  const all = splits.train.tokens + splits.validation.tokens;
  const problems = [...(await tokenizerProblems(directory, manifest)), ...countProblems(manifest)];
  let tokens = 0;
  for (const shard of [...splits.train.shards, ...splits.validation.shards]) {
    const before = problems.length;
    const blocks = { tokens: new BlockChecksums(), documents: new BlockChecksums() };
    for (const file of [shard.tokensFile, shard.documentsFile, shard.checksumsFile]) {
      const report = (problem: string) => problems.push({ file, problem });
      try {
        if (file === shard.checksumsFile) {
          await checkChecksums(directory, shard, problems.length === before ? blocks : undefined, report);
        } else if (file === shard.documentsFile)
          await checkDocuments(directory, shard, blocks.documents, report);
        else await checkTokens(directory, manifest, shard, blocks.tokens, report);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        report(code === 'ENOENT' ? 'is missing' : `cannot be read: ${message}`);
      }
    }
    tokens += shard.tokens;
    onProgress?.({ tokens, fraction: tokens / all, seconds: (performance.now() - started) / 1000 });
  }
  return {
    problems,
    shards: splits.train.shards.length + splits.validation.shards.length,
    documents: splits.train.documents + splits.validation.documents,
    tokens: all,
  };
}

async function tokenizerProblems(
  directory: string,
  { tokenizer: { file, sha256 } }: ShardManifest,
): Promise<ShardProblem[]> {
  const text = await readFile(join(directory, file)).catch(() => undefined);
  if (text === undefined) return [{ file, problem: 'is missing or cannot be read' }];
  const found = createHash('sha256').update(text).digest('hex');
  return found === sha256
    ? []
    : [{ file, problem: `has SHA-256 ${found} where the manifest says ${sha256}` }];
}

const manifestName = 'manifest.json';

function compareCounts(what: string, said: number, sum: number): ShardProblem[] {
  if (said === sum) return [];
  return [{ file: manifestName, problem: `says ${what} ${said}, but its parts have ${sum}` }];
}

/** Counts of a manifest's splits that are not the sums of their shards'. */
export function splitProblems({ splits }: ShardManifest): ShardProblem[] {
  return Object.entries(splits).flatMap(([name, split]) =>
    (['documents', 'tokens', 'bytes'] as const).flatMap((count) =>
      compareCounts(
        `${name} ${count}`,
        split[count],
        total(split.shards, (shard) => shard[count]),
      ),
    ),
  );
}

/** Sums in a manifest that do not add up. */
function countProblems(manifest: ShardManifest): ShardProblem[] {
  const { splits, inputs } = manifest;
  return [
    ...splitProblems(manifest),
    ...compareCounts(
      'documents of both sides',
      splits.train.documents + splits.validation.documents,
      total(inputs, ({ documents, emptyDocuments }) => documents - emptyDocuments),
    ),
  ];
}

function total<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((sum, item) => sum + count(item), 0);
}

type Report = (problem: string) => void;

/** Compares the size of a file; returns whether the rest can be checked. */
async function hasSize(path: string, expected: number, report: Report): Promise<boolean> {
  const { size } = await stat(path);
  if (size !== expected) report(`has ${size} bytes where the manifest says ${expected}`);
  return size === expected;
}

function compareHash(found: string, expected: string, report: Report): void {
  if (found !== expected)
    report(`has SHA-256 ${found} where the manifest says ${expected}: its bytes have changed`);
}

async function checkTokens(
  directory: string,
  manifest: ShardManifest,
  shard: ShardRecord,
  blocks: BlockChecksums,
  report: Report,
): Promise<void> {
  const { tokenType, tokenizer } = manifest;
  const bytesPerToken = tokenBytes(manifest);
  if (!(await hasSize(join(directory, shard.tokensFile), shard.tokens * bytesPerToken, report))) return;
  const ends = await documentEnds(directory, shard);
  const hash = createHash('sha256');
  let position = 0;
  let outside: string | undefined;
  let unended: string | undefined;
  const onBytes = (bytes: Uint8Array) => {
    hash.update(bytes);
    blocks.update(bytes);
  };
  for await (const tokens of readShardTokens(directory, shard, tokenType, onBytes)) {
    for (let index = 0; index < tokens.length; index += 1) {
      const id = tokens[index]!;
      if (id >= tokenizer.vocabularySize) {
        outside ??= `token ${position + index} is ${id}, outside the vocabulary of ${tokenizer.vocabularySize}`;
      }
    }
    for (; ends.next < ends.all.length && ends.all[ends.next]! <= position + tokens.length; ends.next += 1) {
      const id = tokens[ends.all[ends.next]! - 1 - position];
      if (id !== undefined && id !== tokenizer.endOfSequence) {
        unended ??= `document ${ends.next} ends with token ${id} instead of </s> (${tokenizer.endOfSequence})`;
      }
    }
    position += tokens.length;
  }
  for (const problem of [outside, unended]) if (problem !== undefined) report(problem);
  compareHash(hash.digest('hex'), shard.tokensSha256, report);
}

/** Where the documents of a shard end, as far as its index can be read; what is wrong with the index is reported elsewhere. */
async function documentEnds(
  directory: string,
  shard: ShardRecord,
): Promise<{ readonly all: Uint32Array; next: number }> {
  const all = new Uint32Array(shard.documents);
  let count = 0;
  try {
    for await (const rows of readShardDocuments(directory, shard)) {
      for (const { end } of rows.slice(0, all.length - count)) all[count++] = end;
    }
  } catch {
    // Reported when the index itself is checked.
  }
  return { all: all.subarray(0, count), next: 0 };
}

/** @param blocks what the checksums are of, where that is right */
async function checkChecksums(
  directory: string,
  { checksumsFile, checksumsSha256 }: ShardRecord,
  blocks: { readonly tokens: BlockChecksums; readonly documents: BlockChecksums } | undefined,
  report: Report,
): Promise<void> {
  const stored = await readFile(join(directory, checksumsFile));
  const found = createHash('sha256').update(stored).digest('hex');
  compareHash(found, checksumsSha256, report);
  if (found !== checksumsSha256 || blocks === undefined) return;
  if (stored.equals(encodeChecksums(blocks.tokens, blocks.documents))) return;
  report('does not belong to the tokens and the index of its shard');
}

async function checkDocuments(
  directory: string,
  shard: ShardRecord,
  blocks: BlockChecksums,
  report: Report,
): Promise<void> {
  if (!(await hasSize(join(directory, shard.documentsFile), shard.documents * indexRowBytes, report))) return;
  const hash = createHash('sha256');
  let document = 0;
  let last = 0;
  let bytes = 0;
  let disorder: string | undefined;
  const onBytes = (chunk: Uint8Array) => {
    hash.update(chunk);
    blocks.update(chunk);
  };
  for await (const rows of readShardDocuments(directory, shard, onBytes)) {
    for (const row of rows) {
      // A document has a token and its </s> at least.
      if (row.end < last + 2)
        disorder ??= `document ${document} ends at token ${row.end}, the one before at ${last}`;
      last = row.end;
      bytes += row.bytes;
      document += 1;
    }
  }
  if (disorder !== undefined) report(disorder);
  if (last !== shard.tokens) report(`its last document ends at token ${last}, the shard at ${shard.tokens}`);
  if (bytes !== shard.bytes)
    report(`its documents have ${bytes} bytes of text, the manifest says ${shard.bytes}`);
  compareHash(hash.digest('hex'), shard.documentsSha256, report);
}
