import type { LayerMetrics, MetricsLine, TrialStatus, TrialSummary } from '@steepest/run-files';
import { newCheckpoint, restoreCheckpoint } from './checkpoint.ts';
import { comparesAsLonger, learningRateInForce, requireSameRates } from './continuation.ts';
import { type Counters, initialCounters, keepDuration } from './counters.ts';
import { divergenceReason } from './divergence.ts';
import { withEvaluatedWeights } from './evaluated-weights.ts';
import { evaluate, predictedTokens } from './evaluation.ts';
import type { TokenBatch, TrainableModel } from './interfaces.ts';
import { layerMetrics } from './layer-metrics.ts';
import { type CheckpointSettings, checkOptions, type TrainOptions } from './options.ts';
import { phaseAfter, requireShape, tokensOfSteps } from './phases.ts';
import { nextTurn, warn } from './platform.ts';
import { pushRecent } from './recent.ts';
import { curvatureGradients, refreshIsDue } from './refresh.ts';
import type { RunSettings } from './run-settings.ts';
import { globalNorm, isSpike } from './spikes.ts';
import type { StoredCheckpoint, StoredRun } from './stores/run-store.ts';
import { summarize } from './summary.ts';
import type { LogitsModel } from './token-evaluation.ts';
import { type StepOptions, trainingStep } from './training-step.ts';

/**
 * Trains a model: steps, evaluation on fixed batches, metrics, checkpoints, and a summary at the end, all kept in a store.
 *
 * A store with a checkpoint is resumed: the losses that follow are, bit for bit on the same backend, those of a run
 * that was never stopped. A store whose run is over (finished or diverged) gives back its summary at once. The
 * caller builds model, optimizer and data afresh each time, as `config` says.
 *
 * - A run ends `diverged` when its loss is no longer finite, or its mean over the last `divergence.window` steps is
 *   more than `divergence.factor` times the loss of the first step.
 * - A reason from `shouldStop` ends it `stopped`.
 * - Aborting `signal` writes a checkpoint and ends it `interrupted`.
 * - An exception while it trains ends it `failed`, and is thrown again.
 *
 * @throws Error on a wrong option, a store that cannot be written, or one that holds a run with other settings; the
 * message names the option, the place or the key. The run that is stored stays as it is then, and so do model,
 * optimizer and data.
 */
export async function train(options: TrainOptions): Promise<TrialSummary> {
  const { settings, checkpoint } = checkOptions(options);
  const stored = await options.store.open(options.config ?? {});
  try {
    const earlier = await stored.summary();
    const found = await stored.findCheckpoint(options.onWarning ?? warn);
    if (found !== undefined) await takeUp(found, stored, options, settings);
    if (earlier !== undefined && isOver(earlier, found, settings, stored)) return earlier;
    await stored.rewind();
    const counters = found?.record.counters ?? initialCounters(settings);
    const run = new Run(options, settings, checkpoint, stored, counters);
    return await run.toItsEnd();
  } finally {
    await stored.close();
  }
}

/** Continues from a checkpoint. */
async function takeUp(
  checkpoint: StoredCheckpoint,
  stored: StoredRun,
  options: TrainOptions,
  settings: RunSettings,
): Promise<void> {
  const { record } = checkpoint;
  const { container } = stored;
  const isLonger = comparesAsLonger(checkpoint.nameOf('record'), record.settings, settings, container);
  const lines = await stored.readTo(record.metrics);
  await restoreCheckpoint(checkpoint, options, () => {
    if (!isLonger || options.extend === true) return;
    const { steps: before } = record.settings;
    const steps = { taken: record.counters.step, before, wanted: settings.steps };
    requireSameRates(options.optimizer, lines, steps, container);
  });
}

/** Whether a run has nothing left to do, by its summary and its newest whole checkpoint. */
function isOver(
  summary: TrialSummary,
  checkpoint: StoredCheckpoint | undefined,
  settings: RunSettings,
  stored: StoredRun,
): boolean {
  const { status, steps } = summary;
  if (status === 'diverged') return true;
  if (status !== 'finished') return false;
  // Without its last checkpoint a run is still what it was, but it cannot continue.
  const reached = checkpoint === undefined ? steps : checkpoint.record.counters.step;
  if (checkpoint !== undefined && reached === settings.steps) requireSameLoss(summary, checkpoint, stored);
  if (checkpoint === undefined && reached !== settings.steps) {
    const { container } = stored;
    throw new Error(
      `the run ${container} holds a finished run of ${steps} steps, and ${settings.steps} are asked for, but no checkpoint to ` +
        `continue from: use another ${container}`,
    );
  }
  return reached === settings.steps;
}

/** A summary is not part of the checkpoint, whose bytes are compared, but says the same. */
function requireSameLoss(
  { finalValidationLoss }: TrialSummary,
  { record }: StoredCheckpoint,
  { summaryName, summaryRemedy }: StoredRun,
): void {
  const { evaluation } = record.counters;
  if (finalValidationLoss === (evaluation?.loss ?? null)) return;
  throw new Error(
    `${summaryName} has a final validation loss of ${finalValidationLoss}, and the checkpoint one of ` +
      `${evaluation?.loss}; ${summaryRemedy}`,
  );
}

/** Thrown inside a run to end it early. */
class Ending extends Error {
  constructor(
    readonly status: TrialStatus,
    readonly reason?: string,
  ) {
    super(reason);
  }
}

/** Steps whose mean time tells how fast a run is at the moment. */
const recentSteps = 20;

class Run {
  /** Milliseconds of the last steps here, on however many threads. */
  private readonly recent: number[] = [];

  constructor(
    private readonly options: TrainOptions,
    private readonly settings: RunSettings,
    private readonly checkpoints: CheckpointSettings,
    private readonly stored: StoredRun,
    private readonly counters: Counters,
  ) {}

  async toItsEnd(): Promise<TrialSummary> {
    try {
      const { status, reason } = await this.trainAll().then(
        () => new Ending('finished'),
        (error: unknown) => {
          if (error instanceof Ending) return error;
          throw error;
        },
      );
      if (status === 'interrupted' || status === 'stopped') await this.checkpoint();
      return await this.end(status, reason);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // The first error is the one to hear of, even if the disk that caused it cannot take the summary.
      await this.end('failed', reason).catch(() => {});
      throw error;
    }
  }

  /**
   * The order at every step is: train, log, evaluate, checkpoint. A run that begins anew after any of them, from its
   * checkpoint, does what is still due at that step first, so that nothing is skipped or done twice.
   */
  private async trainAll(): Promise<void> {
    const { steps, evaluation } = this.settings;
    const evaluationSteps = new Set(evaluation.points);
    const validation = await this.options.data.validation({ sequences: evaluation.sequences });
    let saved = this.counters.step;
    for (;;) {
      const { step } = this.counters;
      if (evaluationSteps.has(step) && this.counters.evaluation?.step !== step) {
        await this.evaluateOn(validation);
      }
      const done = step === steps;
      if (done || (step !== saved && step % this.checkpoints.every === 0)) {
        await this.checkpoint();
        saved = step;
      }
      if (done) return;
      await this.letOthersRun();
      await this.step();
    }
  }

  private async step(): Promise<void> {
    const { options, settings, counters } = this;
    const start = performance.now();
    const threads = options.threads?.();
    const phase = phaseAfter(settings.phases, counters.step);
    const batch = await options.data.train.next(phase);
    if (phase !== undefined) requireShape(batch, phase);
    const step = counters.step + 1;
    const loss = await trainingStep(options.model, options.optimizer, batch, this.stepOptions(step, batch));
    const milliseconds = performance.now() - start;

    const { window } = settings.divergence;
    counters.firstLoss ??= loss.crossEntropy;
    pushRecent(counters.recentLosses, loss.crossEntropy, window);
    const diverged = divergenceReason(
      step,
      loss,
      counters.firstLoss,
      counters.recentLosses,
      settings.divergence,
    );
    const { optimizerMilliseconds } = loss;
    if (optimizerMilliseconds !== undefined) {
      counters.step = step;
      counters.tokens += predictedTokens(batch);
      if (counters.flops !== undefined) {
        const { flopsPerToken } = options;
        counters.flops += flopsPerToken!(batch.sequenceLength - 1) * predictedTokens(batch);
      }
      counters.seconds += milliseconds / 1000;
      counters.loss.sum += loss.crossEntropy;
      counters.loss.count += 1;
      counters.stateBytes = options.optimizer.stateBytes();
      pushRecent(this.recent, milliseconds, recentSteps);
      keepDuration(counters, { step: milliseconds, optimizer: optimizerMilliseconds }, threads);
    }
    if (diverged !== undefined || step === 1 || step === settings.steps || step % settings.log.every === 0) {
      await this.log(threads);
    }
    if (diverged !== undefined) throw new Ending('diverged', diverged);
    this.report(loss.crossEntropy, batch);
  }

  private stepOptions(step: number, batch: TokenBatch): StepOptions {
    const { refresh, skipSpikes } = this.settings;
    const { spikes } = this.counters;
    const model = this.options.model as TrainableModel & LogitsModel;
    return {
      refresh: refreshIsDue(refresh, step)
        ? () => curvatureGradients(model, batch, refresh!.seed, step)
        : undefined,
      skip:
        spikes === undefined
          ? undefined
          : async (loss, gradients) => isSpike(spikes, loss, await globalNorm(gradients), skipSpikes!),
    };
  }

  /** What every line of metrics counts; FLOPs only where they are counted. */
  private spent(): { step: number; tokens: number; flops?: number } {
    const { step, tokens, flops } = this.counters;
    return { step, tokens, ...(flops === undefined ? {} : { flops }) };
  }

  /** Writes a training line over the steps since the last one, if there are any. */
  private async log(threads: number | undefined): Promise<void> {
    const { step, seconds, loss } = this.counters;
    if (loss.count === 0) return;
    const phase = phaseAfter(this.settings.phases, step - 1);
    const { optimizer } = this.options;
    const mean = loss.sum / loss.count;
    this.counters.loss = { sum: 0, count: 0 };
    this.counters.trainLoss = mean;
    await this.write({
      kind: 'train',
      ...this.spent(),
      ...(phase === undefined ? {} : { contextLength: phase.contextLength }),
      loss: mean,
      learningRate: learningRateInForce(optimizer),
      gradientNorm: (await optimizer.gradientNorm()) ?? null,
      seconds,
      ...(threads === undefined ? {} : { threads }),
      ...(this.counters.spikes === undefined ? {} : { skippedSpikes: this.counters.spikes.skipped }),
      ...(this.options.record === 'layers' ? { layers: await this.layers() } : {}),
    });
  }

  private async write(line: MetricsLine): Promise<void> {
    await this.stored.append(line);
    await this.options.onMetrics?.(line);
  }

  private async layers(): Promise<LayerMetrics> {
    const metrics = await this.options.optimizer.metrics?.();
    if (metrics === undefined) throw new Error('record "layers" needs an optimizer with recordMetrics: true');
    return layerMetrics(metrics);
  }

  private async evaluateOn(batches: readonly TokenBatch[]): Promise<void> {
    const { step, seconds, evaluation } = this.counters;
    const { loss, bitsPerByte } = await withEvaluatedWeights(this.options.optimizer, () =>
      evaluate(this.options.model, batches, () => this.letOthersRun()),
    );
    if (!Number.isFinite(loss)) {
      throw new Ending('diverged', `the validation loss became ${loss} at step ${step}`);
    }
    this.counters.evaluation = {
      step,
      loss,
      initialLoss: evaluation?.initialLoss ?? loss,
      bestLoss: Math.min(evaluation?.bestLoss ?? loss, loss),
      ...(bitsPerByte === null ? {} : { bitsPerByte }),
    };
    await this.write({ kind: 'evaluation', ...this.spent(), loss, seconds });
    for (const controller of Object.values(this.options.controllers ?? {}))
      controller.observe({ step, loss });
    if (step === this.settings.steps) return;
    const hopeless = this.options.shouldStop?.({ step, loss });
    if (hopeless !== undefined) throw new Ending('stopped', hopeless);
  }

  private report(loss: number, batch: TokenBatch): void {
    const { step } = this.counters;
    const { steps, phases } = this.settings;
    // Steps of another shape took another time.
    const sinceSwitch = step - (phaseAfter(phases, step - 1)?.fromStep ?? 0);
    const recent = this.recent.slice(-sinceSwitch);
    const secondsPerStep = recent.reduce((sum, value) => sum + value, 0) / recent.length / 1000;
    const tokensPerSecond = predictedTokens(batch) / secondsPerStep;
    const tokensLeft = phases ? tokensOfSteps(phases, step, steps) : (steps - step) * predictedTokens(batch);
    this.options.onProgress?.({
      step,
      steps,
      loss,
      tokensPerSecond,
      secondsLeft: tokensLeft / tokensPerSecond,
    });
  }

  /** Lets signals, timers and messages be handled, which a synchronous backend would never do, and heeds an abort. */
  private async letOthersRun(): Promise<void> {
    await nextTurn();
    if (this.options.signal?.aborted) throw new Ending('interrupted');
  }

  private async checkpoint(): Promise<void> {
    const { settings, counters } = this;
    const metrics = await this.stored.mark();
    const checkpoint = newCheckpoint(this.options, { settings, counters, metrics });
    await this.stored.saveCheckpoint(checkpoint, this.checkpoints.keep);
  }

  private async end(status: TrialStatus, reason?: string): Promise<TrialSummary> {
    const summary = summarize(status, this.counters, this.options.model.variables, reason);
    await this.stored.writeSummary(summary);
    return summary;
  }
}
