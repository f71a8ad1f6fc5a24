import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { encodeState, type ParameterInfo } from '@steepest/optimizer';
import type { Subject } from './subject.ts';
import type { AnyOptions } from './test-model.ts';
import { type Gradients, gradientsOf, withModel } from './test-model.ts';

type Numbers = Readonly<Record<string, readonly number[]>>;

/** How training went on from a saved state when that was recorded; beside it lies the state as a safetensors file. */
export interface ReleasedState {
  /** Every option at the time, defaults included. */
  readonly options: AnyOptions;
  readonly parameters: readonly ParameterInfo[];
  /** The parameters when the state was saved. */
  readonly values: Numbers;
  /** The gradients of each call after that. */
  readonly gradients: readonly Numbers[];
  /** The parameters after those, and what their average was. */
  readonly expected: { readonly values: Numbers; readonly average: Numbers };
}

function plain(values: Gradients): Numbers {
  return Object.fromEntries(Object.entries(values).map(([name, numbers]) => [name, [...numbers!]]));
}

function folderOf(states: URL, schemaVersion: number): URL {
  return new URL(`schema-${schemaVersion}/`, states);
}

/** The schema versions of which a folder holds the state of a variant. */
export function recordedVersions(states: URL, variant: string): number[] {
  if (!existsSync(states)) return [];
  const versions = readdirSync(states).flatMap((name) => /^schema-(\d+)$/.exec(name)?.[1] ?? []);
  return versions
    .map(Number)
    .filter((version) => existsSync(new URL(`${variant}.json`, folderOf(states, version))))
    .sort((a, b) => a - b);
}

/** Reads a recorded state and its file. */
export function readReleasedState(
  states: URL,
  variant: string,
  schemaVersion: number,
): { readonly recorded: ReleasedState; readonly file: Uint8Array } {
  const folder = folderOf(states, schemaVersion);
  return {
    recorded: JSON.parse(readFileSync(new URL(`${variant}.json`, folder), 'utf8')) as ReleasedState,
    file: new Uint8Array(readFileSync(new URL(`${variant}.safetensors`, folder))),
  };
}

/** Every option of a subject by name, so that a default may change later. */
function everyOption(subject: Subject): AnyOptions {
  const { hyperparameters, settings } = subject.record;
  const all = [...hyperparameters, ...settings].map(({ name, default: value }) => [name, value] as const);
  return {
    ...Object.fromEntries(all),
    ...subject.with(),
    weightDecay: 0.1,
    weightDecayMode: 'decoupled',
    clipGlobalNorm: 1,
    accumulationSteps: 2,
    skipNonFinite: true,
    ...(subject.record.capabilities.average ? {} : { averageDecay: 0.9 }),
  };
}

/**
 * Records how an optimizer continues from a state saved in the middle of an accumulation, into
 * `schema-<version>/<variant>.json` and `.safetensors`.
 *
 * @throws Error if that was recorded before: what was released stays.
 */
export async function recordState(subject: Subject, states: URL, variant: string): Promise<void> {
  const options = everyOption(subject);
  const { fewParameters: parameters } = subject;
  const micro = gradientsOf(parameters);
  await withModel(parameters, async (model) => {
    const optimizer = subject.make(options);
    for (let call = 1; call <= 2; call++) {
      await model.applyAsync(optimizer, {
        [parameters[0]!.name]: new Float32Array(parameters[0]!.size).fill(Number.NaN),
      });
    }
    await model.trainAsync(optimizer, 1, 7);
    const [state, values] = [await optimizer.state(), plain(await model.values())];
    const gradients = Array.from({ length: 9 }, (_, index) => plain(micro(8 + index)));
    await model.trainAsync(optimizer, 8, 16);
    const after = plain(await model.values());
    optimizer.swapInAverage();
    const average = plain(await model.values());
    optimizer.dispose();
    const recorded: ReleasedState = {
      options,
      parameters,
      values,
      gradients,
      expected: { values: after, average },
    };
    const folder = folderOf(states, state.schemaVersion);
    mkdirSync(folder, { recursive: true });
    writeFileSync(new URL(`${variant}.safetensors`, folder), encodeState(state), { flag: 'wx' });
    writeFileSync(new URL(`${variant}.json`, folder), `${JSON.stringify(recorded)}\n`, { flag: 'wx' });
  });
}
