export { createDisplay, type Display } from './display.ts';
export { formatDuration } from './format.ts';
export { RunView, type TrialEnd } from './run-view.ts';
