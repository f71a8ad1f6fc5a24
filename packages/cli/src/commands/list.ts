import { usableCores } from '@steepest/backend';
import { formatLong, plannedTrials, readExperiment, type Scale } from '@steepest/experiments';
import { bundledExperiments } from '../bundled-experiments.ts';

/** Prints the bundled experiments: their trials, about how long they take on this machine's cores, and what they do. */
export async function listExperiments({ scale }: { readonly scale?: Scale } = {}): Promise<void> {
  const rows: [name: string, trials: string, time: string, description: string][] = [];
  for (const [name, file] of await bundledExperiments()) {
    const unscaled = await readExperiment(file);
    // An experiment without a scale has a size of its own.
    const experiment =
      scale === undefined || unscaled.scale === undefined ? unscaled : await readExperiment(file, scale);
    const { trials, seconds } = plannedTrials(experiment);
    rows.push([name, `${trials} trials`, `about ${formatLong(seconds)}`, experiment.description ?? '']);
  }
  const width = (column: 0 | 1 | 2) => Math.max(...rows.map((row) => row[column].length));
  for (const [name, trials, time, description] of rows) {
    console.log(
      [name.padEnd(width(0)), trials.padStart(width(1)), time.padEnd(width(2)), description].join('  '),
    );
  }
  console.log(
    `\nTimes are for ${usableCores()} trials side by side on the wasm backend, from the operations of each; ` +
      'a GPU takes a small part of them.',
  );
}
