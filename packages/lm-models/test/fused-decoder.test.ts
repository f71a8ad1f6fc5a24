import '@steepest/wasm-kernels';
import { agreesWithPyTorch } from './decoder-agreement.ts';

agreesWithPyTorch('wasm', 'wasm with fused kernels');
