import { createEncoder } from './create-encoder.ts';
import { readDefinition } from './definition.ts';
import type { Encoder } from './encoder.ts';
import { TokenSink } from './token-sink.ts';
import type { WorkerSetup } from './worker-messages.ts';

/** Encodes documents that lie one after another in UTF-8, each followed by `</s>`. */
export class DocumentEncoder {
  private readonly encoder: Encoder;
  private readonly sink = new TokenSink();

  constructor(private readonly setup: WorkerSetup) {
    this.encoder = createEncoder(readDefinition(setup.definition, setup.name), setup.name);
  }

  /**
   * The ids of all documents. `ends` says where each ends in the text, with a byte to spare after it, and is overwritten with
   * the number of its tokens: 0 for a document without one, which gets no `</s>` either.
   */
  encode(
    text: Uint8Array<ArrayBuffer>,
    ends: Uint32Array<ArrayBuffer>,
  ): Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
    const { encoder, sink, setup } = this;
    sink.length = 0;
    let start = 0;
    for (let index = 0; index < ends.length; index += 1) {
      const end = ends[index]!;
      const before = sink.length;
      encoder.encodeBytes(text, start, end, sink);
      if (sink.length > before) sink.push(setup.endOfSequence);
      ends[index] = sink.length - before;
      start = end + 1;
    }
    const tokens = sink.tokens.subarray(0, sink.length);
    return setup.bytesPerToken === 2 ? new Uint16Array(tokens) : new Uint32Array(tokens);
  }
}
