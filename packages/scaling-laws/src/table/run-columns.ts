import { rangeOf } from '../fitting/numbers.ts';
import type { ColumnSpec, Quantity } from './columns.ts';

/** A training run: N parameters trained on D tokens to a loss. */
export interface RunRow {
  readonly parameters: number;
  readonly tokens: number;
  /** Nats per token. */
  readonly loss: number;
  /** Training compute; by default 6 N D. */
  readonly flops?: number | undefined;
}

type SizeAndData = Pick<RunRow, 'parameters' | 'tokens' | 'flops'>;

/** FLOPs of training on one token for each parameter: two forward, four backward (Kaplan et al. 2020, arXiv 2001.08361). */
export const flopsPerParameterToken = 6;

/** Training compute of a run in FLOPs: as measured, or else 6 N D. */
export function trainingFlops({ parameters, tokens, flops }: SizeAndData): number {
  return flops ?? flopsPerParameterToken * parameters * tokens;
}

const column = (name: string, quantity: Quantity, meaning: string, aliases: readonly string[]) => ({
  name,
  quantity,
  meaning,
  aliases,
});
const losses = ['finalValidationLoss', 'final_loss', 'val_loss', 'validation_loss'];
const flops = column('flops', 'flops', 'training compute; 6 N D where left out', ['C', 'Training FLOP']);
const run = column('run', 'text', 'name of the run, where several rows are of one run', ['run_name']);

/** The columns that laws of size and data share. */
export const runColumns = {
  parameters: {
    ...column('parameters', 'parameters', 'size of the model, N', ['params', 'N', 'n', 'Model Size']),
    mustVary: true,
  },
  tokens: {
    ...column('tokens', 'tokens', 'tokens trained on, D', ['D', 't', 'train_tokens']),
    mustVary: true,
  },
  loss: { ...column('loss', 'loss', 'loss after them, nats/token', losses), mustVary: true },
  learningRate: column('learningRate', 'learningRate', 'peak learning rate', ['lr', 'learning_rate']),
  batchTokens: column('batchTokens', 'batchTokens', 'tokens per step', [
    'B',
    'tokensPerStep',
    'batch_tokens',
  ]),
  flops: { ...flops, required: false },
  run: { ...run, required: false },
} satisfies Record<string, ColumnSpec>;

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
