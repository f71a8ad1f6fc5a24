/** Names of checks that say nothing about WebGPU, or need what it does not have. */
export const notOnWebgpu = [
  // Checks that are named after another backend are the same here as everywhere.
  '\\bon wasm\\b',
  // A device cannot throw: the loss is NaN instead.
  'names a token outside the vocabulary',
];

/** A pattern of the names that hold none of these, as regular expressions. */
export const namesWithout = (names: readonly string[]) => new RegExp(`^(?!.*(${names.join('|')}))`);
