import { type DecodedSafetensors, layoutOf, type Tensor } from './data-types.ts';
import { dataStartOf, readHeader, type TensorPlace } from './header.ts';

/**
 * Reads the bytes of a safetensors file. The data are copies: `bytes` may be reused afterwards.
 *
 * @param bytes a whole file
 * @returns tensors by name in the order in which they lie in the file, and the metadata (empty when there is none)
 * @throws Error naming the tensor and the byte offset in the file where it is malformed or cut off
 */
export function decodeSafetensors(bytes: Uint8Array): DecodedSafetensors {
  if (Object.prototype.toString.call(bytes) !== '[object Uint8Array]') {
    throw new Error(`safetensors: expected the bytes of a file as a Uint8Array, got ${typeof bytes}`);
  }
  const dataStart = dataStartOf(bytes.subarray(0, 8), bytes.length);
  const { tensors, metadata } = readHeader(bytes.subarray(8, dataStart), bytes.length);
  const decoded = tensors.map((place) => {
    const data = allocate(place);
    data.set(bytes.subarray(place.position, place.position + place.byteLength));
    return [place.name, tensorOf(place, data)] as const;
  });
  return { tensors: Object.fromEntries(decoded), metadata };
}

/** Room for the bytes of a tensor. @throws Error naming the tensor when there is none */
export function allocate({ name, byteLength }: TensorPlace): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(byteLength);
  } catch (cause) {
    throw new Error(
      `safetensors: no memory for the ${byteLength} bytes of tensor ${JSON.stringify(name)} in one array`,
      { cause },
    );
  }
}

/** A tensor over bytes that nobody else holds. */
export function tensorOf({ dtype, shape }: TensorPlace, bytes: Uint8Array<ArrayBuffer>): Tensor {
  return { dtype, shape, data: layoutOf(dtype)!.view(bytes.buffer) };
}
