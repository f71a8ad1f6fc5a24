// The entry for Node, where rules are compiled on every backend that can, with nothing to import.
import './wasm.ts';
import './webgpu.ts';

export * from './exports.ts';
