export { setThreads, usableCores } from '@steepest/wasm-kernels';
export type { BackendName } from './backend-names.ts';
export { type PrepareBackendOptions, type PreparedBackend, prepareBackend } from './prepare-backend.ts';
