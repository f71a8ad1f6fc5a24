import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SuConstants, trajectoryLoss } from '@steepest/scaling-laws';

/** A trial to write as if it had been trained. */
export interface WrittenTrial {
  readonly name: string;
  readonly modelWidth: number;
  readonly layers: number;
  readonly batchSize: number;
  readonly steps: number;
}

export const contextLength = 64;

/** Parameters without embedding and head: 12 layers d^2. */
export function parametersOf({ layers, modelWidth }: WrittenTrial): number {
  return 12 * layers * modelWidth ** 2;
}

/** Writes the run files of a trial whose losses follow a law, with `noise` in the log of each. */
export async function writeTrial(
  folder: string,
  trial: WrittenTrial,
  constants: SuConstants,
  measuredAt: readonly number[],
  noise: () => number,
): Promise<void> {
  const { name, modelWidth, layers, batchSize, steps } = trial;
  const directory = join(folder, name);
  const batchTokens = batchSize * contextLength;
  await mkdir(directory, { recursive: true });
  const lines = measuredAt.map((step) => ({
    kind: 'evaluation',
    step,
    tokens: step * batchTokens,
    loss:
      trajectoryLoss(constants, { parameters: parametersOf(trial), steps: Math.max(step, 1), batchTokens }) *
      Math.exp(noise()),
  }));
  const json = (value: unknown) => `${JSON.stringify(value)}\n`;
  await writeFile(
    join(directory, 'config.json'),
    json({
      trial: name,
      optimizer: name,
      model: { size: 'nano', modelWidth, layers, heads: 2 },
      budget: { steps, batchSize, contextLength },
      settings: { learningRate: 1e-3 },
      seed: 1,
    }),
  );
  await writeFile(join(directory, 'metrics.jsonl'), lines.map(json).join(''));
  await writeFile(
    join(directory, 'summary.json'),
    json({
      status: 'finished',
      steps,
      tokens: steps * batchTokens,
      parameters: 1,
      finalValidationLoss: lines.at(-1)!.loss,
    }),
  );
}
