import { decodeState } from '@steepest/optimizer';
import type { Check } from '../check.ts';
import { assert, assertClose, assertEqual, type NamedNumbers } from '../comparison.ts';
import { readReleasedState, recordedVersions, recordState } from '../released-state.ts';
import type { Subject } from '../subject.ts';
import { type TestModel, withModel } from '../test-model.ts';

/** Float32 rounding of five steps; backends and engines may order their sums otherwise. */
const tolerance = 1e-5;

async function assertGoesOn(subject: Subject, states: URL, variant: string, version: number): Promise<void> {
  const { recorded, file } = readReleasedState(states, variant, version);
  const { options, parameters, values, gradients, expected } = recorded;
  const goesOn = async (model: TestModel): Promise<void> => {
    const optimizer = subject.make(options);
    const state = decodeState(file);
    await optimizer.loadState(state);
    assertEqual(
      [optimizer.iterations, optimizer.skippedSteps],
      [state.step, state.skippedSteps],
      'steps and skipped steps',
    );
    for (const given of gradients) {
      const arrays = Object.entries(given).map(([name, data]) => [name, Float32Array.from(data)]);
      await model.applyAsync(optimizer, Object.fromEntries(arrays));
    }
    assertClose(await model.values(), expected.values as NamedNumbers, 'the parameters', { tolerance });
    optimizer.swapInAverage();
    assertClose(await model.values(), expected.average as NamedNumbers, 'their average', { tolerance });
    optimizer.dispose();
  };
  await withModel(parameters, goesOn, ({ name }) => Float32Array.from(values[name]!));
}

/** Whether the environment asks to record states; a browser has none. */
const isRecording = (): boolean => Boolean(globalThis.process?.env.RECORD_STATES);

/** Asked to record states, and not told where. */
const withoutFolder = (subject: Subject): Check => ({
  name: subject.named('records a state file of the present schema version'),
  kind: 'released states',
  run: async () => {
    throw new Error(
      'RECORD_STATES is set, but conformanceChecks does not know where to record: ' +
        "give it releasedStates: new URL('./states/', import.meta.url)",
    );
  },
});

/**
 * That every state file of a released schema version still loads and continues as it did when it was recorded.
 *
 * With `RECORD_STATES` in the environment the state of the present version is recorded where there is none.
 */
export function releasedStateChecks(subject: Subject, states: URL | undefined): Check[] {
  if (states === undefined) return isRecording() ? [withoutFolder(subject)] : [];
  const variant = subject.variant?.replaceAll(/[^a-zA-Z0-9]+/g, '-') ?? 'default';
  const recorded = recordedVersions(states, variant).map(
    (version): Check => ({
      name: subject.named(`a state file of schema version ${version} loads and continues as recorded`),
      kind: 'released states',
      run: () => assertGoesOn(subject, states, variant, version),
    }),
  );
  return [
    ...recorded,
    {
      name: subject.named('a state file of the present schema version is on record'),
      kind: 'released states',
      run: async () => {
        const optimizer = subject.make();
        const { schemaVersion } = await optimizer.state();
        optimizer.dispose();
        const missing = !recordedVersions(states, variant).includes(schemaVersion);
        if (missing && isRecording()) await recordState(subject, states, variant);
        else {
          assert(
            !missing,
            `${states.pathname} has no state of schema version ${schemaVersion}; ` +
              'run the tests once with RECORD_STATES=1 and commit what they write',
          );
        }
      },
    },
  ];
}
