import * as tf from '@tensorflow/tfjs-core';
import type { ParameterInfo } from '../parameter.ts';

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

/** Squared norms of a gradient, an update and the parameter after it, as one tensor. */
export function squaredNorms(gradient: tf.Tensor, before: tf.Tensor, after: tf.Tensor): tf.Tensor1D {
  return tf.tidy(() =>
    tf.stack([gradient, tf.sub(after, before), after].map((tensor) => tf.sum(tf.square(tensor)))),
  ) as tf.Tensor1D;
}

function normsOf(squares: readonly number[]): StepNorms {
  const [gradientNorm, updateNorm, parameterNorm] = squares.map(Math.sqrt) as [number, number, number];
  return { gradientNorm, updateNorm, parameterNorm };
}

/** Whose norms they are. */
export interface MetricsOwner {
  readonly info: ParameterInfo;
  readonly group: { readonly where: string };
}

/** The norms of the last step, kept on the backend until they are asked for. */
export class MetricsRecorder {
  private squares: tf.Tensor | undefined;
  private step = 0;
  private owners: readonly MetricsOwner[] = [];
  private gradientCount = 1;

  /**
   * Takes the squared norms of the parameters of one step, in the order of their owners.
   *
   * @param gradientCount How many gradients were summed up to each that was measured.
   */
  record(
    step: number,
    owners: readonly MetricsOwner[],
    squares: readonly tf.Tensor1D[],
    gradientCount: number,
  ): void {
    const stacked = squares.length === 0 ? tf.keep(tf.zeros([0, 3])) : tf.keep(tf.stack([...squares]));
    this.dispose();
    this.squares = stacked;
    this.step = step;
    this.owners = owners;
    this.gradientCount = gradientCount;
  }

  /** The last step's norms; `undefined` before the first step. */
  async read(): Promise<StepMetrics | undefined> {
    if (this.squares === undefined) return undefined;
    const { step, owners, gradientCount } = this;
    const flat = await this.squares.data();
    const rows = owners.map((_, index) => {
      const [gradient, update, parameter] = flat.slice(3 * index, 3 * index + 3) as unknown as number[];
      return [gradient! / gradientCount ** 2, update!, parameter!];
    });
    const parameters = owners.map(({ info: { name, role }, group }, index) => ({
      name,
      ...(role === undefined ? {} : { role }),
      group: group.where,
      ...normsOf(rows[index]!),
    }));
    const groups = [...groupRows(owners, rows)].map(([group, own]) => ({
      group,
      parameters: own.length,
      ...normsOf([0, 1, 2].map((column) => own.reduce((sum, row) => sum + row[column]!, 0))),
    }));
    return { step, parameters, groups };
  }

  dispose(): void {
    this.squares?.dispose();
    this.squares = undefined;
  }
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
