export type { BackendName } from './backend-names.js';
export { type PrepareBackendOptions, type PreparedBackend, prepareBackend } from './prepare-backend.js';
