/** A program whose bundle has a limit. */
export interface MeasuredProgram {
  readonly title: string;
  readonly code: string;
  /** Of what a page fetches before the program starts, in KB of 1000 bytes; a little above what was measured. */
  readonly limit: number;
  /** Packages that are not counted, besides those of tfjs: what every program that uses this one has anyway. */
  readonly without?: readonly string[];
}

const all = (name: string): string => `export * from '@steepest/${name}';`;
const engine = ['@steepest/optimizer'];

/** The largest of all optimizer packages, with everything that it exports. */
export const optimizerLimit = 59.5;

/**
 * A program for each other package that runs in browsers, and three usual optimizers. Those hold the steps that are awaited, without which
 * `skipNonFinite` would block a page on WebGPU, the names of options in other libraries, without which a suggestion would mislead, and the
 * checks of patterns, lists of gradients and saved counts, without which a mistake in them would train something else without a word.
 * `lr-schedules` has every schedule, in steps and in fractions of a run; a bundler leaves out those that a page does not import.
 */
export const measuredPrograms: readonly MeasuredProgram[] = [
  { title: '`Lion` with the engine', code: "export { Lion } from '@steepest/optim-lion';", limit: 36.3 },
  { title: '`AdamW` with the engine', code: "export { AdamW } from '@steepest/optim-adam';", limit: 37.4 },
  { title: '`Muon` with the engine', code: "export { Muon } from '@steepest/optim-muon';", limit: 40.5 },
  {
    title: '`@steepest/optimizer/wasm`',
    code: "import '@steepest/optimizer/wasm';",
    limit: 13.6,
  },
  {
    title: '`@steepest/optimizer/webgpu`',
    code: "import '@steepest/optimizer/webgpu';",
    limit: 10.4,
  },
  { title: '`@steepest/lr-schedules`', code: all('lr-schedules'), limit: 7 },
  { title: '`@steepest/param-groups`', code: all('param-groups'), limit: 2.6, without: engine },
  { title: '`@steepest/matrix-rules`', code: all('matrix-rules'), limit: 27.5, without: engine },
  { title: '`@steepest/registry`', code: all('registry'), limit: 11, without: engine },
  { title: '`@steepest/lm-models`', code: all('lm-models'), limit: 19.3 },
  { title: '`@steepest/c4-data`', code: all('c4-data'), limit: 67 },
  { title: '`@steepest/trainer`', code: all('trainer'), limit: 18.1, without: engine },
  { title: '`@steepest/backend`', code: all('backend'), limit: 3.2 },
  { title: '`@steepest/wasm-kernels`', code: all('wasm-kernels'), limit: 33.4 },
  { title: '`@steepest/webgpu-kernels`', code: all('webgpu-kernels'), limit: 9.3 },
  { title: '`@steepest/safetensors`', code: all('safetensors'), limit: 4.2 },
];
