import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../atomic-file.ts';
import { openSealedJson, sealJson } from '../../sealed-json.ts';
import type { MalformedLine, SplitName } from '../../sources/document-source.ts';
import type { ShardManifest } from './manifest.ts';
import type { SplitProgress } from './shard-writer.ts';

const stateFile = 'prepare.state.json';

/** What determines the shards, by name; two preparations with equal settings write equal files. */
export type PreparationSettings = Pick<
  ShardManifest,
  'tokenType' | 'tokenizer' | 'seed' | 'validationFraction' | 'limits' | 'source'
>;

/** How far a preparation is: what a process that resumes it needs to know. */
export interface PreparationState {
  readonly settings: PreparationSettings;
  /** Inputs that have been read to their end. */
  readonly inputs: ShardManifest['inputs'];
  /** Malformed lines of those inputs, the first ones. */
  readonly malformedExamples: readonly MalformedLine[];
  /** Documents of the next input that have been written or left out, in the order of writing, and those left out. */
  readonly current: { readonly documents: number; readonly emptyDocuments: number };
  /** Training documents with tokens so far: their number decides which become validation documents. */
  readonly documentsToSplit: number;
  readonly splits: Readonly<Record<SplitName, SplitProgress>>;
}

/** Whether anything has been read. */
export function hasBegun({ inputs, current }: PreparationState): boolean {
  return inputs.length > 0 || current.documents > 0;
}

export function statePath(directory: string): string {
  return join(directory, stateFile);
}

/** Replaces the state as a whole: a kill leaves the one before or this one. */
export async function writeState(directory: string, state: PreparationState): Promise<void> {
  await writeAtomically(statePath(directory), sealJson(state));
}

/** The state of a preparation that was not completed, if the folder has one. */
export async function readState(directory: string): Promise<PreparationState | undefined> {
  const path = statePath(directory);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
  try {
    return openSealedJson(text, path) as unknown as PreparationState;
  } catch (cause) {
    throw new Error(`${(cause as Error).message}: remove the folder and start over`, { cause });
  }
}

/**
 * Checks that a folder belongs to the preparation that is to be resumed in it.
 *
 * @throws Error naming the first setting that differs
 */
export function requireSameSettings(
  directory: string,
  present: PreparationSettings,
  wanted: PreparationSettings,
): void {
  for (const [name, value] of Object.entries(wanted)) {
    const other = JSON.stringify(present[name as keyof PreparationSettings]);
    const mine = JSON.stringify(value);
    if (other === mine) continue;
    throw new Error(
      `${directory} holds shards of other settings: ${name} is ${shorten(other)} there and ${shorten(mine)} here; ` +
        'give another folder, or remove this one to start over',
    );
  }
}

function shorten(json: string | undefined): string {
  const text = json ?? 'missing';
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
