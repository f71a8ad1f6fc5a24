import type { OptimizerResult } from './results/results.ts';

/** Shown where a number does not exist. */
export const absent = '–';

/** Loss in nats per token, four decimals. */
export function formatLoss(value: number | null | undefined): string {
  return value === null || value === undefined ? absent : value.toFixed(4);
}

/** A difference of losses with its sign; an exact zero has none. */
export function formatDifference(value: number | null): string {
  if (value === null) return absent;
  if (value === 0) return '0';
  return `${value > 0 ? '+' : '−'}${Math.abs(value).toFixed(4)}`;
}

/** Learning rates as sweeps name them: 3.16e-3, 1e-2, but 1 and 0.5 as they are. */
export function formatLearningRate(value: number | null): string {
  if (value === null) return absent;
  if (value >= 0.1 && value < 1000) return String(Number(value.toPrecision(3)));
  const [mantissa = '', exponent = ''] = value.toExponential(2).split('e');
  return `${Number(mantissa)}e${exponent.replace('+', '')}`;
}

/** Perplexity, three significant digits or more. */
export function formatPerplexity(value: number | null): string {
  if (value === null) return absent;
  return value < 100
    ? value.toFixed(2)
    : value < 1e6
      ? formatCount(Math.round(value))
      : value.toExponential(2);
}

/** Three significant digits: milliseconds, bytes per parameter. */
export function formatShort(value: number | null): string {
  if (value === null) return absent;
  return value >= 100 ? formatCount(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** Whole numbers with separated thousands. */
export function formatCount(value: number | null): string {
  return value === null ? absent : Math.round(value).toLocaleString('en-US');
}

/** Seconds as 8.3 s, 4 min 12 s or 2 h 5 min. */
export function formatDuration(seconds: number | null): string {
  if (seconds === null) return absent;
  if (seconds < 59.5) return `${Number(seconds.toPrecision(2))} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Any JSON value on one line: nested keys are joined, learning rates and small numbers kept short. */
export function formatSettings(value: unknown): string {
  if (Array.isArray(value)) return value.map(formatSettings).join(', ');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([key, inner]) =>
        typeof inner === 'object' && inner !== null
          ? `${key} (${formatSettings(inner)})`
          : `${key} ${formatSettings(inner)}`,
      )
      .join(', ');
  }
  if (typeof value !== 'number') return String(value);
  if (value !== 0 && Math.abs(value) < 1e-3) return value < 0 ? String(value) : formatLearningRate(value);
  return Number.isInteger(value) ? formatCount(value) : String(Number(value.toPrecision(6)));
}

/** Steps to the baseline's loss, and how many of the baseline's own steps these are. */
export function formatPace(optimizer: OptimizerResult, baseline: OptimizerResult | undefined): string {
  if (optimizer.finalValidationLoss === null) return absent;
  const { toBaseline } = optimizer;
  if (!toBaseline) return 'not reached';
  const own = baseline?.toBaseline?.steps;
  const share = own ? ` (${Math.round((100 * toBaseline.steps) / own)} %)` : '';
  return `${formatCount(toBaseline.steps)}${optimizer.name === baseline?.name ? '' : share}`;
}

/** A p-value with two significant digits. */
export function formatP(p: number): string {
  if (p < 1e-4) return '< 1e-4';
  return p >= 0.1 ? p.toFixed(2) : String(Number(p.toPrecision(2)));
}

/** Mean and standard deviation over seeds, `5.0013 ± 0.0121 (3)`; a single seed has no deviation. */
export function formatSpread({ finalValidationLoss, lossDeviation, seeds }: OptimizerResult): string {
  const loss = formatLoss(finalValidationLoss);
  return lossDeviation === null ? loss : `${loss} ± ${formatLoss(lossDeviation)} (${seeds})`;
}
