// (module (import "env" "memory" (memory 1))
//   (func (export "copy") (param $from i32) (param $to i32) (param $end i32)
//     loop: four v128.load from $from, four v128.store to $to, both += 64, until $from reaches $end))
const module = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 7, 1, 0x60, 3, 0x7f, 0x7f, 0x7f, 0],
  ...[2, 15, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, 1],
  ...[3, 2, 1, 0],
  ...[7, 8, 1, 4, 0x63, 0x6f, 0x70, 0x79, 0, 0],
  ...section(10, [1, ...sized([0, 0x03, 0x40, ...vectors(), ...advance(), 0x0b, 0x0b])]),
);

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

/** A plain loop of SIMD loads and stores over memory of its own: what one thread of this process can move. */
export class CopyLoop {
  /** The half that is copied, and the half it is copied to. */
  readonly memory: WebAssembly.Memory;
  private readonly copy: (from: number, to: number, end: number) => void;
  private readonly half: number;

  /** @param bytes Bytes that a run moves, half of them read and half of them written. */
  constructor(readonly bytes: number) {
    this.half = Math.max(64, Math.round(bytes / 128) * 64);
    this.memory = new WebAssembly.Memory({ initial: Math.ceil((2 * this.half) / 65_536) });
    // Touched, so that no page is mapped while it is timed.
    new Uint8Array(this.memory.buffer).fill(1);
    const env = { memory: this.memory };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { env });
    this.copy = exports.copy as (from: number, to: number, end: number) => void;
  }

  run(): void {
    this.copy(0, this.half, this.half);
  }
}
