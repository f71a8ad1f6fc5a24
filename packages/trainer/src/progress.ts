/** How far a run is. */
export interface TrainingProgress {
  readonly step: number;
  readonly steps: number;
  /** Training cross-entropy of this step, nats per token. */
  readonly loss: number;
  /** Over the last steps. */
  readonly tokensPerSecond: number;
  /** Training time left at that speed; evaluation left out. */
  readonly secondsLeft: number;
}
