export type { DataType, DecodedSafetensors, Tensor, TensorData, TensorInfo } from './data-types.ts';
export { decodeSafetensors } from './decode.ts';
export { encodeSafetensors, type StreamedTensor, streamSafetensors } from './encode.ts';
export { type ByteSource, openSafetensors, type SafetensorsReader } from './reader.ts';
