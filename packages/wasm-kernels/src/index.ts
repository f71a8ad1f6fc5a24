import { installKernels } from './install.js';

installKernels();

export { installKernels };
