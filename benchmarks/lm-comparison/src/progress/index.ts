export { createDisplay, type Display } from './display.ts';
export { RunView, type TrialEnd } from './run-view.ts';
