export type { BackendName } from './backend-names.ts';
export { recommendedNodeFlags } from './node-flags.ts';
export { type PrepareBackendOptions, type PreparedBackend, prepareBackend } from './prepare-backend.ts';
