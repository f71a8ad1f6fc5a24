/** The version of the files of a run folder that this package writes. It reads all versions up to it. */
export const runSchemaVersion = 1;

/**
 * How a run ended: `finished` and `diverged` ones are over; `interrupted` and `failed` ones resume, and so does one that
 * was `stopped` because it looked hopeless.
 */
export type TrialStatus = 'finished' | 'diverged' | 'failed' | 'interrupted' | 'stopped';

export const trialStatuses: readonly TrialStatus[] = [
  'finished',
  'diverged',
  'stopped',
  'failed',
  'interrupted',
];

/** The results of a run; summary.json holds it. Losses are cross-entropies in nats per token. */
export interface TrialSummary {
  readonly status: TrialStatus;
  /** Why the run diverged, failed or was stopped. */
  readonly reason?: string;
  /** Steps taken. */
  readonly steps: number;
  /** Tokens trained on. */
  readonly tokens: number;
  /** FLOPs of training on them; there only with `flopsPerToken`. */
  readonly flops?: number;
  /** Steps that `skipSpikes` has skipped, which count among `steps`; there only with that option. */
  readonly skippedSpikes?: number;
  /** Loss of the last training line in the metrics: the mean since the line before. `null` when it diverged. */
  readonly finalTrainLoss: number | null;
  /** Loss of the last evaluation; `null` when the run diverged or was stopped before its end. */
  readonly finalValidationLoss: number | null;
  /** The same in bits per byte of text; there only where the validation batches tell how many bytes they hold. */
  readonly finalBitsPerByte?: number | null;
  readonly bestValidationLoss: number | null;
  readonly initialValidationLoss: number | null;
  /** Over the whole training time, evaluation left out. */
  readonly tokensPerSecond: number | null;
  /** Fewest and most threads that steps were taken on; there only with the option `threads`. */
  readonly threads?: { readonly least: number; readonly most: number };
  /** Median over the last 1,000 steps, of those on the fewest threads. */
  readonly millisecondsPerStep: number | null;
  /** The optimizer's part of it: a median, too. */
  readonly optimizerMillisecondsPerStep: number | null;
  /** Bytes of optimizer state per trainable number. */
  readonly stateBytesPerParameter: number;
  /** Trainable numbers. */
  readonly parameters: number;
  /** Seconds spent in training steps, over all resumes; evaluation and checkpoints left out. */
  readonly seconds: number;
}

/** One step of the parameters of one role, all together. */
export interface RoleMetrics {
  /** Euclidean norm of their gradients, before clipping. */
  readonly gradientNorm: number | null;
  /** Of what the step added to them, weight decay included. */
  readonly updateNorm: number | null;
  /** Of the parameters after the step. */
  readonly parameterNorm: number | null;
  /** updateNorm / parameterNorm. */
  readonly updateToWeight: number | null;
  /** Largest effective learning rate of a tensor of the role over the smallest; 1 for a role of one tensor. */
  readonly effectiveRateSpread: number | null;
}

/** What `record: 'layers'` writes on a line of metrics: by role, `other` for parameters without one. */
export type LayerMetrics = Readonly<Record<string, RoleMetrics>>;

/** One line of metrics.jsonl; `seconds` is the training time so far, losses are nats per token. */
export type MetricsLine =
  | {
      readonly kind: 'train';
      readonly step: number;
      readonly tokens: number;
      /** So far, with `flopsPerToken`; as in every line. */
      readonly flops?: number;
      /** Of the training batch, where a run has `phases`. */
      readonly contextLength?: number;
      /** Mean over the steps since the line before. */
      readonly loss: number;
      /** In force at the step, of the parameters in no group; `null` where the optimizer does not say. */
      readonly learningRate: number | null;
      /** Before clipping; `null` where the optimizer does not measure it. */
      readonly gradientNorm: number | null;
      readonly seconds: number;
      /** That the last step was taken on, where the caller says how many work. */
      readonly threads?: number;
      /** Steps skipped so far, under `skipSpikes`. */
      readonly skippedSpikes?: number;
      /** Norms by role of the last step, under `record: 'layers'`. */
      readonly layers?: LayerMetrics;
    }
  | {
      readonly kind: 'evaluation';
      readonly step: number;
      readonly tokens: number;
      readonly flops?: number;
      readonly loss: number;
      readonly seconds: number;
    };
