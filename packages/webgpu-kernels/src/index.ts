import { installKernels } from './install.ts';

installKernels();

export { installKernels };
