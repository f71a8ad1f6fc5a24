import { installKernels } from './install.ts';

installKernels();

export {
  setThreads,
  type ThreadOptions,
  type ThreadsInUse,
  threadUse,
  useThreads,
} from './threads/heap-threads.ts';
export type { ThreadUse } from './threads/thread-pool.ts';
export { usableCores } from './threads/usable-cores.ts';
export { installKernels };
