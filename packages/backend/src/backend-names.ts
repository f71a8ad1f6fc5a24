/** Every backend, from the fastest to the slowest; `webgl` in browsers alone, and the first two in Node alone. */
export const backendNames = ['node-gpu', 'node', 'webgpu', 'wasm', 'webgl', 'cpu'] as const;

/** A backend as `prepareBackend` names it. */
export type BackendName = (typeof backendNames)[number];
