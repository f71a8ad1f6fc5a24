/** Backends in the order in which `auto` tries them. */
export const backendNames = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'] as const;

/** A backend as `prepareBackend` names it. */
export type BackendName = (typeof backendNames)[number];
