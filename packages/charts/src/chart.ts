/** A chart as plain data. */
export interface Chart {
  readonly title: string;
  readonly x: ChartAxis;
  readonly y: ChartAxis;
  readonly series: readonly ChartSeries[];
}

/** An axis: what it shows, in which unit, on which scale. */
export interface ChartAxis {
  readonly name: string;
  readonly unit: string;
  readonly scale: 'linear' | 'log';
}

/** Points or a line of a chart; a band lies between `low` and `high`. */
export type ChartSeries =
  | {
      readonly kind: 'points' | 'line';
      readonly name: string;
      readonly x: readonly number[];
      readonly y: readonly number[];
    }
  | {
      readonly kind: 'band';
      readonly name: string;
      readonly x: readonly number[];
      readonly low: readonly number[];
      readonly high: readonly number[];
    };
