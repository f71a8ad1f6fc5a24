import type { TokenSink } from './token-sink.ts';

/** Turns text into the ids of one definition. */
export interface Encoder {
  /** Appends the ids of a text to the sink. */
  encode(text: string, sink: TokenSink): void;
  /** Appends the ids of the UTF-8 text bytes[start, end) to the sink. The byte at `end` may be overwritten. */
  encodeBytes(bytes: Uint8Array, start: number, end: number, sink: TokenSink): void;
}
