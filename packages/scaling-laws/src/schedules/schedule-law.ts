/** A law that turns the learning rates of a run into its loss: what `suggestSchedule` optimises. */
export interface ScheduleLaw {
  /** Name for messages and results. */
  readonly law: string;
  /** Smallest and largest peak of the curves that the law was fitted on. */
  readonly peaks?: { readonly from: number; readonly to: number };
  /**
   * Loss after the last of the steps.
   *
   * @param rates Learning rate of every step, warm-up included
   * @param gradient Filled, where given, with the derivatives by the rate of each step; the rates must then be above 0
   */
  finalLoss(rates: ArrayLike<number>, gradient?: Float64Array): number;
  /** Loss at each of the given steps of a run. */
  predictCurve(rates: ArrayLike<number>, steps: ArrayLike<number>): Float64Array;
}
