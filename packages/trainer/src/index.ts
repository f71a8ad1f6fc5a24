export * from './exports.ts';
export { folderStore } from './stores/folder-store.ts';
export { type TrainOptions, train } from './train.node.ts';
