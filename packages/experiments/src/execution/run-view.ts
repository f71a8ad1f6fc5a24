import type { TrainingProgress, TrialStatus } from '@steepest/trainer';

/** How a trial ended, as far as the display shows it. */
export interface TrialEnd {
  readonly trial: string;
  readonly status: TrialStatus;
  readonly finalValidationLoss: number | null;
  readonly seconds: number | null;
  readonly reason?: string;
}

/** A trial at work. */
export interface RunningTrial {
  readonly trial: string;
  status: string;
  progress?: TrainingProgress;
}

/** What a display of a run shows: kept by the runner, read by the displays. */
export class RunView {
  readonly running = new Map<string, RunningTrial>();
  readonly ended: TrialEnd[] = [];
  stopping = false;
  private readonly started = performance.now();
  private readonly firstStep = new Map<string, number>();
  private readonly names: string[];
  private stepsOfEnded = 0;

  constructor(
    names: readonly string[],
    /** Trials that an earlier run had already ended. */
    readonly skipped: number,
    /** Mean over the trials. */
    private readonly stepsPerTrial: number,
  ) {
    this.names = [...names];
  }

  /** Counts trials that nobody knew of when the run began. */
  expect(trials: readonly string[]): void {
    this.names.push(...trials);
  }

  /** Number of trials of the experiment, as far as they are known. */
  get trials(): number {
    return this.names.length;
  }

  /** Width of the longest trial name, so that lines align. */
  get nameWidth(): number {
    return Math.max(0, ...this.names.map((name) => name.length));
  }

  start(trial: string): void {
    this.running.set(trial, { trial, status: 'starting' });
  }

  status(trial: string, text: string): void {
    const running = this.running.get(trial);
    if (running !== undefined) running.status = text;
  }

  progress(trial: string, progress: TrainingProgress): void {
    const running = this.running.get(trial);
    if (running === undefined) return;
    running.progress = progress;
    if (!this.firstStep.has(trial)) this.firstStep.set(trial, progress.step - 1);
  }

  end(end: TrialEnd): void {
    this.stepsOfEnded += this.stepsNow(end.trial);
    this.running.delete(end.trial);
    this.ended.push(end);
  }

  /** Steps made since this run began, over all trials. */
  get stepsMade(): number {
    return [...this.running.keys()].reduce((sum, trial) => sum + this.stepsNow(trial), this.stepsOfEnded);
  }

  /** Share of the whole experiment that is done, 0 to 1, trials of earlier runs included. */
  get fraction(): number {
    const done = this.skipped + this.ended.filter((end) => end.status !== 'interrupted').length;
    const partly = [...this.running.values()].reduce(
      (sum, { progress }) => sum + (progress === undefined ? 0 : progress.step / progress.steps),
      0,
    );
    return this.trials === 0 ? 1 : Math.min(1, (done + partly) / this.trials);
  }

  get elapsedSeconds(): number {
    return (performance.now() - this.started) / 1_000;
  }

  /** Estimate from the pace since this run began; undefined before there is one. */
  get secondsLeft(): number | undefined {
    if (this.stepsMade === 0) return undefined;
    const left = (1 - this.fraction) * this.trials * this.stepsPerTrial;
    return (left * this.elapsedSeconds) / this.stepsMade;
  }

  private stepsNow(trial: string): number {
    const step = this.running.get(trial)?.progress?.step;
    return step === undefined ? 0 : step - (this.firstStep.get(trial) ?? 0);
  }
}
