import type { RunningTrial, RunView, TrialEnd } from './run-view.ts';

/** Seconds as `8 s`, `3:07` or `1:02:03`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** A fraction as a bar of the given width. */
export function formatBar(fraction: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

/** The line of the whole run: trials done, elapsed and left. */
export function formatOverall(view: RunView): string {
  const done = view.skipped + view.ended.filter((end) => end.status !== 'interrupted').length;
  const left = view.secondsLeft;
  const percent = `${Math.floor(view.fraction * 100)}%`;
  const time = left === undefined ? '' : ` · ${formatDuration(left)} left`;
  return `${percent} · ${done}/${view.trials} trials · ${formatDuration(view.elapsedSeconds)} elapsed${time}`;
}

/** The line of a trial at work. */
export function formatRunning({ trial, status, progress }: RunningTrial, width: number): string {
  const name = trial.padEnd(width);
  if (progress === undefined) return `${name}  ${status}`;
  const { step, steps, loss, tokensPerSecond, secondsLeft } = progress;
  const count = `${String(step).padStart(String(steps).length)}/${steps}`;
  return `${name}  step ${count}  loss ${formatLoss(loss)}  ${Math.round(tokensPerSecond).toLocaleString('en')} tokens/s  ${formatDuration(secondsLeft)} left`;
}

/** The line of a trial that has ended. */
export function formatEnd(
  { trial, status, finalValidationLoss, seconds, reason }: TrialEnd,
  width: number,
): string {
  const name = trial.padEnd(width);
  const time = seconds === null ? '' : `  ${formatDuration(seconds)}`;
  if (status === 'finished') return `✓ ${name}  validation loss ${formatLoss(finalValidationLoss)}${time}`;
  const mark = status === 'interrupted' || status === 'stopped' ? '‖' : '✗';
  return `${mark} ${name}  ${status}${reason === undefined ? '' : `: ${reason}`}${time}`;
}

function formatLoss(loss: number | null): string {
  return loss === null || !Number.isFinite(loss) ? 'not finite' : loss.toFixed(4);
}

/** Minutes and hours as {@link formatDuration} writes them, and above two days days or years. */
export function formatLong(seconds: number): string {
  const days = seconds / 86_400;
  if (days < 2) return formatDuration(seconds);
  return days < 730 ? `${Math.round(days)} days` : `${Math.round(days / 365).toLocaleString('en')} years`;
}
