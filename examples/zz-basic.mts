import * as tf from '@tensorflow/tfjs';
import { registeredOptimizers, encodeState, decodeState } from '@steepest/optimizer';
import { readdirSync } from 'node:fs';
for (const d of readdirSync('packages')) if (d.startsWith('optim-')) await import(`../packages/${d}/src/index.ts`);
const list = registeredOptimizers();
console.log(Array.isArray(list)? list.length: Object.keys(list), JSON.stringify(list).slice(0,600));
