export type { DataType, DecodedSafetensors, Tensor, TensorData } from './data-types.ts';
export { decodeSafetensors } from './decode.ts';
export { encodeSafetensors } from './encode.ts';
