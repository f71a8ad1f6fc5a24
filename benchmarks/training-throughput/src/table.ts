import Table from 'cli-table3';
import type { Measurement } from './measure.ts';
import { predictedSpeedup } from './serial-share.ts';
import { operationsPerStep, type TaskSizes, tokensPerStep } from './task.ts';

/** Time of a step: by the clock, or in processor time, which a busy machine disturbs less. */
export type Clock = 'wall' | 'processor';

/** The time of a measurement's step by a clock, in milliseconds. */
export function timeOf(measurement: Measurement, clock: Clock): number {
  return clock === 'wall' ? measurement.milliseconds : measurement.processorMilliseconds;
}

/**
 * One line a subject. The last column is how many times as fast the first subject is on the same Node; for a subject
 * of another kind there is one such number for each Node.
 */
export function throughputTable(
  measurements: readonly Measurement[],
  sizes: TaskSizes,
  clock: Clock,
): string {
  const table = new Table({
    head: ['subject', 'on', 'ms/step', 'median', 'processor ms', 'tokens/s', 'GFLOP/s', 'peak MB', 'ratio'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const measurement of measurements) {
    const time = timeOf(measurement, clock);
    table.push([
      measurement.name,
      measurement.version,
      measurement.milliseconds.toFixed(0),
      measurement.medianMilliseconds.toFixed(0),
      measurement.processorMilliseconds.toFixed(0),
      ((tokensPerStep(sizes) / time) * 1000).toFixed(0),
      (operationsPerStep(sizes) / time / 1e6).toFixed(1),
      (measurement.peakBytes / 1e6).toFixed(0),
      rivalsOf(measurement, measurements)
        .map((rival) => `${(time / timeOf(rival, clock)).toFixed(2)}x`)
        .join(' '),
    ]);
  }
  return table.toString();
}

/** One line for each subject whose serial share is known: empty without any. */
export function serialShareTable(measurements: readonly Measurement[]): string {
  const counts = [8, 16];
  const table = new Table({
    head: [
      'subject',
      'on',
      'one thread alone, ms',
      'serial share',
      ...counts.map((count) => `${count} cores at most`),
    ],
    colAligns: ['left', 'left', 'right', 'right', ...counts.map(() => 'right' as const)],
    style: { head: [], border: [] },
  });
  for (const { name, version, serial } of measurements) {
    if (serial === undefined) continue;
    const predictions = counts.map((count) => `${predictedSpeedup(serial, count).toFixed(1)}x`);
    table.push([
      name,
      version,
      serial.milliseconds.toFixed(1),
      `${(100 * serial.share).toFixed(1)} %`,
      ...predictions,
    ]);
  }
  return table.length === 0 ? '' : table.toString();
}

function rivalsOf({ version }: Measurement, measurements: readonly Measurement[]): readonly Measurement[] {
  const rivals = measurements.filter(({ name }) => name === measurements[0]!.name);
  const sameNode = rivals.filter((rival) => rival.version === version);
  return sameNode.length > 0 ? sameNode.slice(0, 1) : rivals;
}
