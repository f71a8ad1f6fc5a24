import { installKernels } from './install.ts';

installKernels();

export { setThreads, type ThreadOptions, type ThreadsInUse, useThreads } from './threads/heap-threads.ts';
export { usableCores } from './threads/usable-cores.ts';
export { installKernels };
