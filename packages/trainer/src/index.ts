export * from './exports.ts';
export { type TrainOptions, train } from './train.node.ts';
