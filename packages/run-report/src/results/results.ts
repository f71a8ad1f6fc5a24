import type { NgramBaselines } from '@steepest/c4-data';
import type { ResolvedOptimizer, TrialOrigin, Tuning } from '@steepest/experiments';
import type { CurvePoint } from '@steepest/run-files';

/**
 * Where a trial ended. `stopped` was given up early as hopeless by the tuning; a trial folder without a summary counts as
 * `interrupted`, or as `running` in a live view.
 */
export type TrialStatus = 'finished' | 'diverged' | 'stopped' | 'failed' | 'interrupted' | 'running';

/** What the runner writes to `<outDirectory>/experiment.json` before its first trial, and again when more trials follow. */
export interface ExperimentRecord {
  readonly name: string;
  readonly description?: string;
  readonly model?: unknown;
  readonly budget?: unknown;
  readonly optimizers?: readonly { readonly name: string; readonly title: string }[];
  readonly backend?: BackendRecord;
  readonly machine?: MachineRecord;
  readonly baselines?: NgramBaselines;
  /** How many trials the experiment has, as far as that is known. */
  readonly trials?: number;
  /** True where more trials may follow from the losses of others. */
  readonly trialsFollow?: boolean;
  /** Seeds with which the best settings were trained again. */
  readonly confirm?: readonly number[];
}

/** The tfjs backend of the runs and the one line saying why it was picked. */
export interface BackendRecord {
  readonly name: string;
  readonly reason: string;
}

/** The computer of the runs. */
export interface MachineRecord {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
}

/** Training and validation loss of one trial over its steps, ascending in step. */
export interface Curve {
  readonly train: readonly CurvePoint[];
  readonly validation: readonly CurvePoint[];
}

/** Measures of one role's parameters at a step, by name: `gradientNorm`, `updateToWeight` and so on. */
export type LayerPoint = Readonly<Record<string, number>> & { readonly step: number };

/** Fewest and most threads that steps were taken on. */
export interface ThreadRange {
  readonly least: number;
  readonly most: number;
}

/** The numbers of a trial's `summary.json`; `null` where a trial has none. */
export interface TrialNumbers {
  readonly steps: number | null;
  readonly tokens: number | null;
  readonly parameters: number | null;
  /** Training time in seconds, evaluation excluded. */
  readonly seconds: number | null;
  readonly initialValidationLoss: number | null;
  readonly bestValidationLoss: number | null;
  readonly finalValidationLoss: number | null;
  readonly finalTrainLoss: number | null;
  readonly tokensPerSecond: number | null;
  /** Fewest and most threads that its steps were taken on, where the backend has threads. */
  readonly threads?: ThreadRange;
  /** Median of a whole training step, of those on the fewest threads. */
  readonly millisecondsPerStep: number | null;
  /** Part of a step spent in the optimizer. */
  readonly optimizerMillisecondsPerStep: number | null;
  readonly stateBytesPerParameter: number | null;
}

/** One trial: one optimizer with one setting and one seed. */
export interface TrialResult extends TrialNumbers {
  readonly id: string;
  readonly optimizer: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Every option that its optimizer ran with; `null` in results of earlier versions, which recorded what was given alone. */
  readonly resolved: ResolvedOptimizer | null;
  /** What else differs between the trials of the folder, such as `budget.batchSize`. */
  readonly variation: Readonly<Record<string, unknown>>;
  readonly seed: number | null;
  /** Set where its seed had no part in the choice of the setting, so that its loss does not flatter it. */
  readonly confirmation?: true;
  readonly status: TrialStatus;
  /** Why the trial is not `finished`. */
  readonly reason?: string;
  /** Model FLOPs of training on one token, attention included; `null` where the model is not known. */
  readonly flopsPerToken: number | null;
  /** Tokens that the model chooses among: a guess costs its logarithm. `null` where the model is not known. */
  readonly vocabularySize: number | null;
  /** Parameters outside embedding, head, norms and biases; `null` where the model is not known. */
  readonly blockParameters: number | null;
  /** Versions of the programs that trained it, by their names, where those of the trials differ. */
  readonly versions?: Readonly<Record<string, string>>;
  /** Where it was trained, if not in this run. */
  readonly takenFrom?: TrialOrigin;
  readonly curve: Curve;
  /** Steps that it is to take, while it is at work. */
  readonly plannedSteps?: number;
  /** By role of the parameters, where the experiment records layers. */
  readonly layers?: Readonly<Record<string, readonly LayerPoint[]>>;
}

/**
 * One optimizer, represented by its best setting: the one of lowest final validation loss, averaged over the seeds that choose. Where
 * confirmations of it finished, its numbers are over these alone.
 */
export interface OptimizerResult {
  readonly name: string;
  readonly title: string;
  /** Id of the best setting's trial of lowest final validation loss, or `null` when no trial finished. */
  readonly best: string | null;
  /** Mean over the finished seeds of the best setting, in nats per token. */
  readonly finalValidationLoss: number | null;
  /** Lowest and highest final validation loss among those seeds. */
  readonly lossRange: readonly [number, number] | null;
  /** Standard deviation over those seeds (n - 1), `null` with fewer than two. */
  readonly lossDeviation: number | null;
  /** exp(finalValidationLoss). */
  readonly perplexity: number | null;
  /** finalValidationLoss less the baseline's; negative is better. */
  readonly difference: number | null;
  /** Where its validation loss first falls to the baseline's final loss; `null` where it never does. */
  readonly toBaseline: Pace | null;
  /** Finished seeds of the best setting. */
  readonly seeds: number;
  /** Seeds that the best setting was tried with. */
  readonly seedsTried: number;
  /** Settings tried, seeds not counted. */
  readonly settings: number;
  readonly learningRates: number;
  /** Hyper-parameters whose best value is the lowest or the highest tried; values that diverged count as tried. */
  readonly edges: readonly GridEdge[];
  readonly trials: number;
  readonly finished: number;
  readonly diverged: number;
  readonly stopped: number;
  readonly failed: number;
  readonly interrupted: number;
  readonly running: number;
}

/** A best value beyond which nothing was tried. */
export interface GridEdge {
  readonly key: string;
  readonly end: 'lowest' | 'highest';
  readonly value: number;
}

/** How long training took to reach a loss, interpolated between evaluations. */
export interface Pace {
  readonly steps: number;
  readonly tokens: number;
  readonly seconds: number;
}

/** Comparison of two optimizers at their best settings. */
export interface PairTest {
  readonly first: string;
  readonly second: string;
  /** Seeds that both finished. */
  readonly seeds: number;
  /** Final validation loss of the first less that of the second, mean over these seeds. */
  readonly difference: number;
  readonly t: number;
  readonly degreesOfFreedom: number;
  readonly p: number;
  /** p after Holm's correction for the number of pairs. */
  readonly correctedP: number;
  readonly significant: boolean;
}

/** Every pair of optimizers that could be tested, under one stated rule. */
export interface Significance {
  readonly rule: string;
  readonly alpha: number;
  readonly pairs: readonly PairTest[];
  /** Optimizers left out, because their trials have the losses of another's, but for rounding: a copy is no further evidence. */
  readonly copies: readonly { readonly name: string; readonly of: string }[];
  /** Optimizers left out, because fewer than two seeds of their best setting finished, where others have more. */
  readonly tooFewSeeds: readonly string[];
}

/** Final losses of one optimizer over one hyperparameter, the others at their best. */
export interface SweepCurve {
  readonly optimizer: string;
  /** Value of the best setting among those swept. */
  readonly optimum: SweptValue | null;
  readonly points: readonly SweepPoint[];
}

/** Value of a swept hyperparameter; `null` where a trial does not set it. */
export type SweptValue = number | string | boolean | null;

/** What one value of a hyperparameter came to. */
export interface SweepPoint {
  readonly value: SweptValue;
  /** Mean over the seeds of the best setting with this value, `null` when none finished. */
  readonly loss: number | null;
  readonly deviation: number | null;
  /** Final losses of all finished trials with this value, by trial id. */
  readonly losses: Readonly<Record<string, number>>;
  readonly trials: number;
  readonly diverged: number;
  readonly stopped: number;
}

/** A hyperparameter that was tried at several values: `learningRate`, `beta2`, `schedule.warmupFraction`. */
export interface Sweep {
  readonly key: string;
  /** `log` for positive numbers over a wide range; else values are drawn evenly spaced, in order. */
  readonly scale: 'log' | 'ordinal';
  /** All values, ascending. */
  readonly values: readonly SweptValue[];
  readonly curves: readonly SweepCurve[];
}

/** What all trials share, as the first `config.json` records it, and all versions of the programs that trained. */
export interface SharedConfiguration {
  readonly model?: unknown;
  readonly data?: unknown;
  readonly schedule?: unknown;
  readonly budget?: unknown;
  readonly evaluation?: unknown;
  readonly versions?: unknown;
  /** Of the tokens that trials read and are evaluated on, where all that say so have one. */
  readonly textHash?: string;
  /**
   * What a fair comparison shares but these trials do not: `model`, `data`, `schedule`, `budget`, `evaluation`, `versions`, `steps`,
   * `text`. What every optimizer was tried at the same values of is swept, and not listed.
   */
  readonly differing: readonly string[];
}

/** Everything the report shows; the content of `results.json`. */
export interface Results {
  readonly schemaVersion: 1;
  readonly experiment: {
    readonly name: string;
    readonly description?: string;
    readonly model?: unknown;
    readonly budget?: unknown;
  };
  readonly backend: BackendRecord | null;
  readonly machine: MachineRecord | null;
  /** What counts of n-grams predict of the same validation text; `null` in results of earlier versions. */
  readonly baselines: NgramBaselines | null;
  /** ISO 8601 time of the newest run file, or `null` when there is none. */
  readonly date: string | null;
  readonly shared: SharedConfiguration;
  /** Name of the optimizer that differences are taken to: Adam where it has a finished trial, else the best. */
  readonly baseline: string | null;
  /** In the experiment's order. */
  readonly optimizers: readonly OptimizerResult[];
  readonly significance: Significance;
  /** The learning rate first. */
  readonly sweeps: readonly Sweep[];
  readonly trials: readonly TrialResult[];
  /** How many trials there are to be, as far as that is known. */
  readonly plannedTrials?: number;
  /** True where more trials may follow from the losses of others. */
  readonly trialsFollow?: boolean;
  /** Ids of trials left out, because another one has the same optimizer, settings and seed. */
  readonly repeated: readonly string[];
  /** What `tune` found, where the trials are those of a tuning. */
  readonly tuning?: Tuning;
}
