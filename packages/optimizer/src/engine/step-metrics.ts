import * as tf from '@tensorflow/tfjs-core';
import { readsAtOnce } from '../interpreters/backend-traits.ts';
import type { ParameterInfo } from '../parameter.ts';
import { pairwise, scaledNorm, sumOfSquares } from './norms.ts';

/** Euclidean norms of one step. */
export interface StepNorms {
  /** Of the gradient, before clipping; of the mean where gradients are accumulated. */
  readonly gradientNorm: number;
  /** Of what the step added to the parameter. */
  readonly updateNorm: number;
  /** Of the parameter after the step. */
  readonly parameterNorm: number;
}

/** The norms of one parameter. */
export interface ParameterMetrics extends StepNorms {
  readonly name: string;
  readonly role?: string;
  /** The group it belongs to, for instance `lion groups[0]`; the optimizer's name for those in no group. */
  readonly group: string;
}

/** The norms of all parameters of a group together. */
export interface GroupMetrics extends StepNorms {
  readonly group: string;
  /** Parameters that had a gradient in this step. */
  readonly parameters: number;
}

/** What `recordMetrics` records of one step. */
export interface StepMetrics {
  readonly step: number;
  readonly parameters: readonly ParameterMetrics[];
  readonly groups: readonly GroupMetrics[];
}

/** Norms of a gradient, an update and the parameter after it: numbers, or on a device each as a scale and a relative norm. */
export interface MeasuredNorms {
  readonly values: readonly number[] | tf.Tensor1D;
}

/** Measures one step of a parameter, within a `tf.tidy`. */
export function measureNorms(gradient: tf.Tensor, before: tf.Tensor, after: tf.Tensor): MeasuredNorms {
  if (readsAtOnce()) {
    const squares = [sumOfSquares(gradient), sumOfSquares(after, { minus: before }), sumOfSquares(after)];
    return { values: squares.map(Math.sqrt) };
  }
  const values = tf.tidy(() => {
    const [g, u, p] = [gradient, tf.sub(after, before), after].map((tensor) => scaledNorm([tensor]));
    const stacked = tf.stack([g!.scale, g!.relative, u!.scale, u!.relative, p!.scale, p!.relative]);
    return stacked as tf.Tensor1D;
  });
  return { values };
}

function namedNorms([gradientNorm, updateNorm, parameterNorm]: readonly number[]): StepNorms {
  return { gradientNorm: gradientNorm!, updateNorm: updateNorm!, parameterNorm: parameterNorm! };
}

/** Whose norms they are. */
export interface MetricsOwner {
  readonly info: ParameterInfo;
  readonly group: { readonly where: string };
}

/** The arguments of {@link MetricsRecorder.record}. */
interface RecordedStep {
  readonly step: number;
  readonly owners: readonly MetricsOwner[];
  readonly norms: readonly MeasuredNorms[];
  readonly gradientCount: number;
}

/** The norms of the last step, kept on the backend until they are asked for. */
export class MetricsRecorder {
  private last: RecordedStep | undefined;

  /**
   * Takes the norms of the parameters of one step, in the order of their owners.
   *
   * @param gradientCount How many gradients were summed up to each that was measured.
   */
  record(
    step: number,
    owners: readonly MetricsOwner[],
    norms: readonly MeasuredNorms[],
    gradientCount: number,
  ): void {
    this.dispose();
    this.last = { step, owners, norms, gradientCount };
    for (const { values } of norms) if (values instanceof tf.Tensor) tf.keep(values);
  }

  /** The last step's norms; `undefined` before the first step. */
  async read(): Promise<StepMetrics | undefined> {
    if (this.last === undefined) return undefined;
    const { step, owners, norms, gradientCount } = this.last;
    const rows = (await numbersOf(norms)).map(([gradient, update, parameter]) => [
      gradient! / gradientCount,
      update!,
      parameter!,
    ]);
    const parameters = owners.map(({ info: { name, role }, group }, index) => ({
      name,
      ...(role === undefined ? {} : { role }),
      group: group.where,
      ...namedNorms(rows[index]!),
    }));
    const groups = [...groupRows(owners, rows)].map(([group, own]) => ({
      group,
      parameters: own.length,
      ...namedNorms(
        [0, 1, 2].map((column) => Math.sqrt(own.reduce((sum, row) => sum + row[column]! ** 2, 0))),
      ),
    }));
    return { step, parameters, groups };
  }

  dispose(): void {
    for (const { values } of this.last?.norms ?? []) if (values instanceof tf.Tensor) values.dispose();
    this.last = undefined;
  }
}

/** Reads norms, those of a device all at once. */
async function numbersOf(norms: readonly MeasuredNorms[]): Promise<(readonly number[])[]> {
  const onDevice = norms.flatMap(({ values }) => (values instanceof tf.Tensor ? [values] : []));
  if (onDevice.length === 0) return norms.map(({ values }) => values as readonly number[]);
  const joined = tf.tidy(() => pairwise(onDevice, (a, b) => tf.concat([a, b])));
  const flat = await joined.data();
  if (onDevice.length > 1) joined.dispose();
  return norms.map((_, row) =>
    [0, 1, 2].map((norm) => flat[6 * row + 2 * norm]! * flat[6 * row + 2 * norm + 1]!),
  );
}

function groupRows(
  owners: readonly MetricsOwner[],
  rows: readonly (readonly number[])[],
): Map<string, (readonly number[])[]> {
  const members = new Map<string, (readonly number[])[]>();
  for (const [index, { group }] of owners.entries()) {
    const own = members.get(group.where) ?? [];
    own.push(rows[index]!);
    members.set(group.where, own);
  }
  return members;
}
