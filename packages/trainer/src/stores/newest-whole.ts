import type { StoredCheckpoint } from './run-store.ts';

/** A checkpoint that was passed over, and why. */
export interface DamagedCheckpoint<Place> {
  readonly place: Place;
  readonly error: Error;
}

/** The newest whole checkpoint, and the damaged ones that are newer. */
export interface NewestWhole<Place> {
  readonly checkpoint: StoredCheckpoint;
  readonly place: Place;
  /** The newest first. */
  readonly damaged: readonly DamagedCheckpoint<Place>[];
}

/**
 * Goes through the places of a run's checkpoints until it finds a whole one.
 *
 * @param places the newest first
 * @param read gives `undefined` where there is none
 * @param remedy what to do when every one is damaged
 * @throws Error when every one is damaged; its message is about the newest, and counts the others
 */
export async function newestWhole<Place>(
  places: readonly Place[],
  read: (place: Place) => Promise<StoredCheckpoint | undefined>,
  remedy: string,
): Promise<NewestWhole<Place> | undefined> {
  const damaged: DamagedCheckpoint<Place>[] = [];
  for (const place of places) {
    try {
      const checkpoint = await read(place);
      if (checkpoint !== undefined) return { checkpoint, place, damaged };
    } catch (error) {
      damaged.push({ place, error: error as Error });
    }
  }
  const [first] = damaged;
  if (first === undefined) return undefined;
  const others = damaged.length > 1 ? `, and so is every older one (${damaged.length - 1})` : '';
  throw new Error(`${first.error.message}; this checkpoint is damaged${others}: ${remedy}`, {
    cause: first.error,
  });
}
