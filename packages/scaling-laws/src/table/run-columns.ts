import { rangeOf } from '../fitting/numbers.ts';
import type { ColumnSpec } from './columns.ts';

/** The columns that laws of size and data share. */
export const runColumns = {
  parameters: {
    name: 'parameters',
    meaning: 'size of the model, N',
    quantity: 'parameters',
    aliases: ['params', 'N', 'n', 'Model Size'],
    mustVary: true,
  },
  tokens: {
    name: 'tokens',
    meaning: 'tokens trained on, D',
    quantity: 'tokens',
    aliases: ['D', 't', 'train_tokens'],
    mustVary: true,
  },
  loss: {
    name: 'loss',
    meaning: 'loss after them, nats/token',
    quantity: 'loss',
    aliases: ['finalValidationLoss', 'final_loss', 'val_loss', 'validation_loss'],
    mustVary: true,
  },
  learningRate: {
    name: 'learningRate',
    meaning: 'peak learning rate',
    quantity: 'learningRate',
    aliases: ['lr', 'learning_rate'],
  },
  batchTokens: {
    name: 'batchTokens',
    meaning: 'tokens per step',
    quantity: 'batchTokens',
    aliases: ['B', 'tokensPerStep', 'batch_tokens'],
  },
  flops: {
    name: 'flops',
    meaning: 'training compute; 6 N D where left out',
    quantity: 'flops',
    aliases: ['C', 'Training FLOP'],
    required: false,
  },
  run: {
    name: 'run',
    meaning: 'name of the run, where several rows are of one run',
    quantity: 'text',
    aliases: ['run_name'],
    required: false,
  },
} satisfies Record<string, ColumnSpec>;

interface SizeAndData {
  readonly parameters: number;
  readonly tokens: number;
  readonly flops?: number | undefined;
}

/** No run was trained on fewer or more tokens per parameter. */
const plausibleRatio = [0.01, 1e6] as const;
/** Ways of counting FLOPs and parameters differ by less than this factor from 6 N D. */
const plausibleCount = 100;

/**
 * Checks the columns of size and data against each other: a unit that is wrong by a thousand shows in the tokens per
 * parameter, or in the compute.
 *
 * @throws Error saying what cannot be right, and what would be
 */
export function checkSizeAndData(source: string, rows: readonly SizeAndData[]): void {
  const ratios = rows.map(({ parameters, tokens }) => tokens / parameters);
  const { low: fewest, high: most } = rangeOf(ratios);
  const [low, high] = plausibleRatio;
  if (most < low || fewest > high) {
    const found = most < low ? `at most ${most.toPrecision(2)}` : `at least ${fewest.toPrecision(2)}`;
    throw new Error(
      `${source}: there are ${found} tokens per parameter; one of the two columns is not a plain count`,
    );
  }
  const counts = rows.flatMap(({ parameters, tokens, flops }) =>
    flops === undefined ? [] : [flops / (flopsPerParameterToken * parameters * tokens)],
  );
  const middle = counts.sort((a, b) => a - b)[counts.length >> 1] ?? 1;
  if (middle > plausibleCount || middle < 1 / plausibleCount) {
    throw new Error(
      `${source}: the compute is ${middle.toPrecision(2)} times 6 N D; one of the three columns has another unit`,
    );
  }
}

/** FLOPs of training on one token for each parameter: two forward, four backward (Kaplan et al. 2020, arXiv 2001.08361). */
export const flopsPerParameterToken = 6;

/** Training compute of a run in FLOPs: as measured, or else 6 N D. */
export function trainingFlops(run: {
  readonly parameters: number;
  readonly tokens: number;
  readonly flops?: number | undefined;
}): number {
  return run.flops ?? flopsPerParameterToken * run.parameters * run.tokens;
}
