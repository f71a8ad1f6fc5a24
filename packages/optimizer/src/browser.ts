// The entry for browsers. It compiles no rules: the entries wasm and webgpu add that for the backend in use.
export * from './exports.ts';
