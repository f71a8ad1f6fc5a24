import { indexedDBStore, type KeptRunStore } from '@steepest/trainer';
import type { StoredRace } from './messages.ts';
import { type ContenderName, contenderNames, type RaceSettings } from './settings.ts';

/** Where the run of a racer is kept. This browser holds one race at a time. */
export function storeOf(racer: ContenderName): KeptRunStore {
  return indexedDBStore(racer, { database: 'steepest-race' });
}

/** What decides the run of a racer; training refuses to continue another one. */
export const configOf = (racer: ContenderName, settings: RaceSettings) => ({ racer, settings });

/** The race that is stored in this browser. */
export async function storedRace(): Promise<StoredRace | undefined> {
  const found = await Promise.all(
    contenderNames.map(async (racer) => ({ racer, kept: await storeOf(racer).read() })),
  );
  const runs = found.flatMap(({ racer, kept }) =>
    kept === undefined
      ? []
      : [
          {
            racer,
            step: kept.checkpointStep ?? 0,
            metrics: kept.metrics.filter(({ step }) => step <= (kept.checkpointStep ?? 0)),
            status: kept.summary?.status,
            settings: (kept.config as ReturnType<typeof configOf>).settings,
          },
        ],
  );
  const [first] = runs;
  return first && { settings: first.settings, runs: runs.map(({ settings: _, ...run }) => run) };
}

/** Forgets the stored race. */
export async function discardRace(): Promise<void> {
  await Promise.all(contenderNames.map((racer) => storeOf(racer).remove()));
}
