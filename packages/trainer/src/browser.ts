// The entry for browsers: the names of the entry for Node, but for run folders.
export * from './exports.ts';
export type { TrainOptions } from './options.ts';
export { train } from './train.ts';
