export { createDisplay, type Display } from './display.ts';
export { formatDuration, formatLong } from './format.ts';
export { RunView, type TrialEnd } from './run-view.ts';
