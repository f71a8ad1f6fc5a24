import { assemble } from './assemble.ts';

console.log(`wrote ${await assemble()} pages`);
