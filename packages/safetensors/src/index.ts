export type { DataType, DecodedSafetensors, Tensor, TensorData } from './data-types.js';
export { decodeSafetensors } from './decode.js';
export { encodeSafetensors } from './encode.js';
