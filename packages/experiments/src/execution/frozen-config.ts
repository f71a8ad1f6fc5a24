import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { foldersIn, RunError, requireFresh, writeJson } from '@steepest/run-files';
import type { TrialConfig } from '../definition/trials.ts';

/** Settings that every trial of one folder must share, or their results cannot be compared. */
const sharedKeys = ['model', 'data', 'schedule', 'budget', 'evaluation', 'backend'] as const;
/** Settings that one trial must keep when it is continued. */
const trialKeys = [...sharedKeys, 'optimizer', 'settings', 'recipe', 'seed', 'record'] as const;

/**
 * Refuses to continue a folder whose trials were run with other settings.
 * @throws RunError naming every setting that differs
 */
export async function refuseChangedSettings(
  outDirectory: string,
  trials: readonly TrialConfig[],
): Promise<void> {
  const planned = new Map(trials.map((trial) => [trial.trial, trial]));
  const differences = new Set<string>();
  for (const [trial, frozen] of await frozenConfigs(outDirectory)) {
    const now = planned.get(trial);
    // Trials of earlier versions do not say what their options came to.
    const keys = frozen.resolved === undefined ? trialKeys : ([...trialKeys, 'resolved'] as const);
    const found =
      now === undefined ? unshared(frozen, trials) : differing(frozen, now, withText(frozen, keys));
    for (const difference of found) differences.add(difference);
  }
  if (differences.size === 0) return;
  throw new RunError(
    [
      `${outDirectory} holds trials run with other settings, which must not be mixed:`,
      ...[...differences].map((difference) => `  ${difference}`),
      'They stay as they are. Give another folder with --out, or undo the change; a run of another length is another trial, since',
      'its learning rate follows the length, and `compare` puts two folders side by side.',
    ].join('\n'),
  );
}

/**
 * Writes a trial's `config.json` unless one is there that it was trained with.
 * @throws RunError when the one that it was trained with is lost
 */
export async function freeze(directory: string, config: TrialConfig): Promise<string> {
  const file = join(directory, 'config.json');
  const frozen = await readConfig(file);
  if (frozen === undefined) await requireFresh(directory);
  if (frozen === undefined || (!(await hasTrained(directory)) && !isDeepStrictEqual(frozen, plain(config)))) {
    await writeJson(file, config);
  }
  return file;
}

/**
 * Whether a trial took a step: one that failed before, for instance by an option that its optimizer refuses, binds the folder
 * to nothing.
 */
export async function hasTrained(directory: string): Promise<boolean> {
  const files = await readdir(directory).catch(() => []);
  if (files.some((name) => name.startsWith('checkpoint'))) return true;
  const lines = await readFile(join(directory, 'metrics.jsonl'), 'utf8').catch(() => '');
  return lines.includes('"kind":"train"');
}

/** The value as its JSON says it. */
function plain(config: TrialConfig): unknown {
  return JSON.parse(JSON.stringify(config));
}

async function frozenConfigs(outDirectory: string): Promise<Map<string, Partial<TrialConfig>>> {
  const configs = new Map<string, Partial<TrialConfig>>();
  for (const name of await foldersIn(outDirectory)) {
    const directory = join(outDirectory, name);
    const config = await readConfig(join(directory, 'config.json'));
    if (config !== undefined && (await hasTrained(directory))) configs.set(name, config);
  }
  return configs;
}

async function readConfig(file: string): Promise<Partial<TrialConfig> | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new RunError(`cannot read ${file}: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text) as Partial<TrialConfig>;
  } catch (error) {
    throw new RunError(
      `${file} is not valid JSON (${(error as Error).message}); remove its folder to run the trial again`,
    );
  }
}

/** What a trial that is not planned any more does not share with any that is, swept keys left out. */
function unshared(frozen: Partial<TrialConfig>, trials: readonly TrialConfig[]): string[] {
  const alike = trials.filter(({ optimizer }) => optimizer === frozen.optimizer);
  const found = (alike.length > 0 ? alike : trials).map((planned) => {
    const swept = Object.keys({ ...frozen.settings, ...planned.settings });
    const isSwept = (difference: string) =>
      swept.some((key) => difference.startsWith(`${key}:`)) ||
      // At equal tokens the steps follow from the batch.
      (difference.startsWith('budget.steps:') && swept.some((key) => key.startsWith('budget.')));
    return differing(frozen, planned, withText(frozen, sharedKeys)).filter(
      (difference) => !isSwept(difference),
    );
  });
  return found.sort((a, b) => a.length - b.length)[0] ?? [];
}

/** The keys, and that of the text where a trial says which one it read: the same path may hold another by now. */
function withText(
  { textHash }: Partial<TrialConfig>,
  keys: readonly (keyof TrialConfig)[],
): readonly (keyof TrialConfig)[] {
  return textHash === undefined ? keys : [...keys, 'textHash'];
}

function differing(
  frozen: Partial<TrialConfig>,
  now: TrialConfig,
  keys: readonly (keyof TrialConfig)[],
): string[] {
  return keys.flatMap((key) =>
    differences(frozen[key], now[key], key === 'textHash' ? 'content of the text (textHash)' : key),
  );
}

/** Dotted paths of leaves that differ, with both values. */
function differences(frozen: unknown, now: unknown, path: string): string[] {
  if (isGroup(frozen) && isGroup(now)) {
    const keys = new Set([...Object.keys(frozen), ...Object.keys(now)]);
    return [...keys].flatMap((key) => differences(frozen[key], now[key], `${path}.${key}`));
  }
  if (JSON.stringify(frozen) === JSON.stringify(now)) return [];
  return [`${path}: was ${show(frozen)}, is now ${show(now)}`];
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value);
}
