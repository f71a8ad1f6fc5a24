import { describeOnWebgpu } from '../../backend/test/webgpu/webgpu.ts';
import { agreesWithPyTorch } from './decoder-agreement.ts';

describeOnWebgpu('on WebGPU', () => agreesWithPyTorch('webgpu', 'WebGPU'));
