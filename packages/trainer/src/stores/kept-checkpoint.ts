import { jsonForm } from '@steepest/run-files';
import { blobOf, blobSource } from './bytes.ts';
import { removeRun } from './kept-run.ts';
import { newestWhole } from './newest-whole.ts';
import { checkedRecord, type NewCheckpoint, type StoredCheckpoint, type TrainerRecord } from './run-store.ts';
import { isIntact, type Sealed, seal } from './sealed.ts';

/** A checkpoint as stores without files keep it; the parts are Blobs, which browsers keep as files. */
export interface KeptCheckpoint {
  readonly record: Sealed<TrainerRecord>;
  readonly model: Sealed<Blob>;
  readonly optimizer: Sealed<Blob>;
}

/** A copy of a checkpoint, with checksums. */
export async function keptCheckpoint({ record, model, optimizer }: NewCheckpoint): Promise<KeptCheckpoint> {
  return {
    record: await seal(jsonForm(record) as TrainerRecord),
    model: await seal(await blobOf(await model())),
    optimizer: await seal(await blobOf(await optimizer())),
  };
}

/**
 * The newest whole one of a run's checkpoints.
 *
 * @param place what messages call the run
 * @param steps of its checkpoints, the latest first
 * @param rowOf reads the checkpoint of a step; what it throws is damage
 * @param warn is told of every damaged one that is passed over
 * @returns the checkpoint, and the steps of those that were passed over
 * @throws Error when every one is damaged
 */
export async function newestKept(
  place: string,
  steps: readonly number[],
  rowOf: (step: number) => Promise<KeptCheckpoint | undefined>,
  warn: (message: string) => void,
): Promise<{ readonly checkpoint: StoredCheckpoint; readonly passedOver: readonly number[] } | undefined> {
  const found = await newestWhole(steps, (step) => wholeCheckpoint(place, step, rowOf), removeRun);
  if (found === undefined) return undefined;
  const { checkpoint, damaged } = found;
  for (const { error } of damaged) warn(`${error.message}; resuming from step ${found.place}`);
  return { checkpoint, passedOver: damaged.map((one) => one.place) };
}

async function wholeCheckpoint(
  place: string,
  step: number,
  rowOf: (step: number) => Promise<KeptCheckpoint | undefined>,
): Promise<StoredCheckpoint> {
  const nameOf = (part: keyof KeptCheckpoint) => `the ${part} of step ${step} of ${place}`;
  const whole = `the checkpoint of step ${step} of ${place}`;
  const row = await readable(whole, () => rowOf(step));
  const problem = (name: string) =>
    new Error(`cannot resume from ${name}: its bytes are not those that were saved`);
  for (const part of ['record', 'model', 'optimizer'] as const) {
    if (!(await readable(nameOf(part), () => isIntact(row?.[part])))) throw problem(nameOf(part));
  }
  const { record, ...parts } = row!;
  const checked = checkedRecord(nameOf('record'), jsonForm(record.content));
  if (checked.counters.step !== step) throw problem(nameOf('record'));
  return { record: checked, nameOf, read: (part, use) => use(blobSource(parts[part].content)) };
}

/** Has a failure to read say of what. */
async function readable<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const { name: kind, message } = cause as Error;
    throw new Error(`cannot resume from ${name}: it cannot be read (${message || kind})`, { cause });
  }
}
