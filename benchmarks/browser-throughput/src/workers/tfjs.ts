import { prepareTfjs } from '@steepest/training-throughput/subjects/tfjs.ts';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgpu';
import { serve } from './serve.ts';

setWasmPaths('/');
serve(prepareTfjs);
