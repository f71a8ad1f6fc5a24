import { checkInteger, checkKeys, describe } from '../../option-checks.ts';
import type { DocumentShard, DocumentSource, SplitName } from '../document-source.ts';
import type { SourceDefinition } from '../source-definition.ts';
import { cachePaths, readFacts } from './cache.ts';
import { fetchFacts, resolveRevision } from './hub-facts.ts';
import type { HubFile } from './hub-file.ts';
import { checkHubOptions, hubOptionKeys } from './hub-options.ts';
import { HubShard } from './hub-shard.ts';
import { type HubOptions, type HubSettings, resolveHubSettings } from './settings.ts';

/** Shards of each variant of C4 in English, by split. */
const shardCounts = {
  en: { train: 1024, validation: 8 },
  'en.noblocklist': { train: 1024, validation: 8 },
  'en.noclean': { train: 7168, validation: 64 },
  realnewslike: { train: 512, validation: 1 },
} as const;

const repository = { type: 'dataset', name: 'allenai/c4' } as const;
/** The commit that the data set's published loader reads. */
const pinnedRevision = '1ddc917116b730e1859edef32896ec5c16be51d0';
/** Ten times the largest shard of any variant. */
const mostShardBytes = 4 * 1024 ** 3;
const alternative = "give local files with source: { type: 'files', train: [...] }";

export type C4Variant = keyof typeof shardCounts;

/** Which part of a split is read. */
export interface ShardChoice {
  /** So many shards from the first, or the numbers of some, from 0. */
  readonly shards: number | readonly number[];
  /** At most this many documents of each of the shards, from its start. Default all. */
  readonly documents?: number | undefined;
}

/** The C4 data set on the Hugging Face hub. */
export interface C4HubOptions extends HubOptions {
  /** Default `en`. */
  readonly variant?: C4Variant | undefined;
  /** A commit, branch or tag of `allenai/c4`. Default the commit 1ddc917, which its published loader reads. */
  readonly revision?: string | undefined;
  /** Default all shards of the split. */
  readonly train?: ShardChoice | undefined;
  /** Default all shards of the split. */
  readonly validation?: ShardChoice | undefined;
}

const keys = ['variant', 'revision', 'train', 'validation', ...hubOptionKeys];

/** A list by its ends: the whole may be long. */
function describeShards(shards: unknown): string {
  if (!Array.isArray(shards) || shards.length <= 2) return describe(shards);
  return `a list of ${shards.length} from ${describe(shards[0])} to ${describe(shards.at(-1))}`;
}

/** The variants of C4. */
export const c4Variants: readonly C4Variant[] = Object.keys(shardCounts) as C4Variant[];

/** @throws TypeError if C4 has no such variant */
function checkVariant(variant: unknown, where = ''): asserts variant is C4Variant {
  if (typeof variant === 'string' && Object.hasOwn(shardCounts, variant)) return;
  const known = Object.keys(shardCounts).map((key) => `'${key}'`);
  throw new TypeError(`${where}variant must be one of ${known.join(', ')}, got ${describe(variant)}`);
}

function checkShards(choice: unknown, name: string, count: number, split: string): void {
  checkKeys(choice, ['shards', 'documents'], name);
  const { shards, documents } = choice;
  const valid = (value: unknown, least: number, most: number) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  const right = Array.isArray(shards)
    ? shards.length > 0 && shards.every((index) => valid(index, 0, count - 1))
    : valid(shards, 1, count);
  if (!right) {
    throw new TypeError(
      `${name}.shards must be a number of shards from 1 to ${count}, or a list of shards from 0 to ${count - 1}: ` +
        `${split} has ${count}; got ${describeShards(shards)}`,
    );
  }
  const twice = Array.isArray(shards) ? shards.find((index, at) => shards.indexOf(index) < at) : undefined;
  if (twice !== undefined) throw new TypeError(`${name}.shards names the shard ${twice} twice`);
  if (documents !== undefined) checkInteger(documents, `${name}.documents`, 1);
}

/**
 * @param name what messages call the options
 * @param where the option that holds them, for messages: `'source.'`, or nothing
 * @param more further keys that the caller knows
 * @throws TypeError if an option is unknown or out of its range
 */
export function checkC4Options(
  options: unknown,
  name: string,
  where = '',
  more: readonly string[] = [],
): void {
  checkKeys(options, [...more, ...keys], name);
  const { variant = 'en', revision } = options;
  checkVariant(variant, where);
  if (revision !== undefined && (typeof revision !== 'string' || revision === '')) {
    throw new TypeError(
      `${where}revision must be a commit, branch or tag of the data set, got ${describe(revision)}`,
    );
  }
  const counts = shardCounts[variant];
  for (const split of ['train', 'validation'] as const) {
    const choice = options[split];
    if (choice !== undefined)
      checkShards(choice, `${where}${split}`, counts[split], `${split} of ${variant}`);
  }
  checkHubOptions(options, where);
}

function chosenShards(choice: ShardChoice | undefined, count: number): readonly number[] {
  if (Array.isArray(choice?.shards)) return choice.shards;
  return Array.from({ length: (choice?.shards as number | undefined) ?? count }, (_, index) => index);
}

/**
 * Opens C4 on the Hugging Face hub (`allenai/c4`): its shards are downloaded when they are read, kept in a cache, and
 * read from there the next time.
 *
 * Nothing is asked of the network here. `shards` asks for sizes and checksums of what the cache lacks, and once, as `describe`
 * does, for the commit of a branch or tag.
 *
 * @throws TypeError if an option is unknown or out of its range
 */
export function openC4Hub(options: C4HubOptions = {}): DocumentSource {
  checkC4Options(options, 'openC4Hub');
  const { variant = 'en', revision = pinnedRevision, train, validation } = options;
  const choices = { train, validation };
  const settings = resolveHubSettings(options);
  // A branch may move on; what was read, and what is told of it, are of one commit.
  let resolved: Promise<string> | undefined;
  const commitOf = () => {
    resolved ??= resolveRevision(hubFile(revision, variant), settings, settings.signal).catch((error) => {
      resolved = undefined;
      throw error;
    });
    return resolved;
  };
  return {
    async describe() {
      return {
        type: 'c4',
        repository: repository.name,
        revision: await commitOf(),
        variant,
        train: describeChoice(train, shardCounts[variant].train),
        validation: describeChoice(validation, shardCounts[variant].validation),
      };
    },
    async shards(split) {
      settings.signal?.throwIfAborted();
      const commit = await commitOf();
      const count = shardCounts[variant][split];
      const files = chosenShards(choices[split], count).map((index) =>
        hubFile(commit, `${variant}/${shardName(split, index, count)}`),
      );
      return openShards(files, settings, choices[split]?.documents);
    },
  };
}

function describeChoice(choice: ShardChoice | undefined, count: number): object {
  const { documents } = choice ?? {};
  return { shards: chosenShards(choice, count), ...(documents === undefined ? {} : { documents }) };
}

/**
 * C4 on the Hugging Face hub. `openTextData` holds all tokens in memory: it wants to be told `train`, and without `validation`
 * it keeps part of the training documents, as with files. `prepareTokenShards` takes all shards by default.
 */
export type C4SourceOptions = C4HubOptions & { readonly type: 'c4' };

/** C4 as a source that options name. */
export const c4Source: SourceDefinition<C4SourceOptions> = {
  type: 'c4',
  example: "{ type: 'c4', train: { shards: 1 } }",
  check: (options) => checkC4Options(options, 'source', 'source.', ['type']),
  open: ({ type, ...options }) => openC4Hub(options),
};

function hubFile(revision: string, path: string): HubFile {
  return { repository: repository, revision, path, alternative: alternative, mostBytes: mostShardBytes };
}

/** `c4-train.00000-of-01024.json.gz`. */
function shardName(split: SplitName, index: number, count: number): string {
  const five = (value: number) => String(value).padStart(5, '0');
  return `c4-${split}.${five(index)}-of-${five(count)}.json.gz`;
}

async function openShards(
  files: readonly HubFile[],
  settings: HubSettings,
  documents: number | undefined,
): Promise<readonly DocumentShard[]> {
  const known = await Promise.all(files.map((file) => readFacts(cachePaths(file, settings))));
  const unknown = files.filter((_, index) => known[index]!.bytes === undefined);
  const fetched = settings.offline ? [] : await fetchFacts(unknown, settings, settings.signal);
  let next = 0;
  return files.map((file, index) => {
    const facts = known[index]!.bytes === undefined ? (fetched[next++] ?? known[index]!) : known[index]!;
    return new HubShard(file, facts, settings, documents);
  });
}
