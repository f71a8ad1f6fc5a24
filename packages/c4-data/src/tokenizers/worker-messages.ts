/** What a worker is started with. */
export interface WorkerSetup {
  readonly definition: string;
  readonly name: string;
  readonly endOfSequence: number;
  /** Bytes of a token in what it gives back. */
  readonly bytesPerToken: 2 | 4;
}

/** Some documents to encode. Both arrays are transferred, and come back in the answer. */
export interface WorkerRequest {
  readonly id: number;
  /** The documents in UTF-8, with one byte to spare after each. */
  readonly text: Uint8Array<ArrayBuffer>;
  /** Where each document ends; the next begins a byte later. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** The ids of a request's documents, or why there are none. */
export type WorkerAnswer =
  | {
      readonly id: number;
      readonly tokens: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
      /** Tokens of each document, in the array that held the ends. */
      readonly lengths: Uint32Array<ArrayBuffer>;
      readonly text: Uint8Array<ArrayBuffer>;
    }
  | { readonly id: number; readonly error: Error };
