import * as tf from '@tensorflow/tfjs';
import { type Heap, heapOf } from './heap.ts';

// (module (import "env" "memory" (memory 1)), or (memory 1 65536 shared)
//   (func (export "copy") (param $from i32) (param $to i32) (param $end i32)
//     loop: four v128.load from $from, four v128.store to $to, both += 64, until $from reaches $end))
function binary(isShared: boolean): Uint8Array<ArrayBuffer> {
  const limits = isShared ? [3, 1, 0x80, 0x80, 0x04] : [0, 1];
  const memory = [1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, ...limits];
  return Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 7, 1, 0x60, 3, 0x7f, 0x7f, 0x7f, 0],
    ...section(2, memory),
    ...[3, 2, 1, 0],
    ...[7, 8, 1, 4, 0x63, 0x6f, 0x70, 0x79, 0, 0],
    ...section(10, [1, ...sized([0, 0x03, 0x40, ...vectors(), ...advance(), 0x0b, 0x0b])]),
  );
}

function sized(bytes: readonly number[]): number[] {
  return [(bytes.length & 0x7f) | 0x80, bytes.length >> 7, ...bytes];
}

function section(id: number, bytes: readonly number[]): number[] {
  return [id, ...sized(bytes)];
}

/** `to[offset] = from[offset]` for four vectors. */
function vectors(): number[] {
  return [0, 16, 32, 48].flatMap((offset) => [
    ...[0x20, 1, 0x20, 0, 0xfd, 0x00, 4, offset],
    ...[0xfd, 0x0b, 4, offset],
  ]);
}

/** Both addresses += 64, and again while `from` < `end`. */
function advance(): number[] {
  const add = (local: number): number[] => [0x20, local, 0x41, 0xc0, 0x00, 0x6a, 0x21, local];
  return [...add(1), ...add(0), 0x20, 0, 0x20, 2, 0x49, 0x0d, 0];
}

/** A plain loop of SIMD loads and stores over memory of the wasm backend's heap: what its threads can move. */
export class CopyLoop {
  /** What is copied, and what it is copied to. */
  readonly from: tf.Tensor1D;
  readonly to: tf.Tensor1D;
  private readonly heap: Heap;
  private readonly copy: (from: number, to: number, end: number) => void;
  /** Its place among the functions that the threads may call. */
  private readonly place: number | undefined;
  private readonly half: number;

  /** @param bytes Bytes that a run moves, half of them read and half of them written. */
  constructor(bytes: number) {
    this.half = Math.max(64, Math.round(bytes / 128) * 64);
    this.from = tf.ones([this.half / 4]);
    this.to = tf.zeros([this.half / 4]);
    this.heap = heapOf(tf.backend());
    const module = new WebAssembly.Module(binary(this.heap.isShared));
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.heap.memory } });
    this.copy = exports.copy as (from: number, to: number, end: number) => void;
    this.place = this.heap.threads?.add({ module, names: ['copy'] }, exports);
  }

  /** @param threads How many copy together, each as much. */
  run(threads = 1): void {
    const [from, to] = [this.heap.addressOf(this.from), this.heap.addressOf(this.to)];
    if (threads === 1) {
      this.copy(from, to, from + this.half);
      return;
    }
    const cuts = Array.from(
      { length: threads + 1 },
      (_, thread) => 64 * Math.round((this.half / 64) * (thread / threads)),
    );
    this.heap.threads!.run(
      cuts.slice(1).map((end, thread) => {
        const start = cuts[thread]!;
        const values = [from + start, to + start, from + end];
        return start === end ? [] : [{ kernel: this.place!, values }];
      }),
    );
  }

  dispose(): void {
    tf.dispose([this.from, this.to]);
  }
}
