import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { agreesWithPyTorch } from './decoder-agreement.ts';

setWasmPaths(`${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`);

agreesWithPyTorch('cpu', 'cpu');
agreesWithPyTorch('wasm', 'stock wasm');
