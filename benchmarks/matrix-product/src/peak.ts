import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import asc from 'assemblyscript/asc';
import type { Clock } from './timing.ts';

type Loop = (rounds: number, x: number) => number;

interface Loops {
  readonly sums: Loop;
  readonly sumsTwice: Loop;
  readonly apart: Loop;
  sumsOperations(): number;
  apartOperations(): number;
}

/**
 * The most GFLOP/s that one thread reaches with 128-bit SIMD in this engine: arithmetic in registers only, with fused
 * multiply-add where the engine has it, the fastest of many short runs. Timed by wall clock, which never shows less than a run
 * took. On a virtual machine, stolen time may be subtracted from a later interval, so the shortest processor time can be
 * arbitrarily short.
 *
 * @param clock In milliseconds
 */
export async function peakGigaflops(
  seconds: number,
  clock: Clock = () => performance.now(),
): Promise<number> {
  // As @steepest/wasm-kernels does on Node 20, which otherwise has the instructions behind a flag.
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  const relaxed = await compile(['--enable', 'relaxed-simd']);
  const binary = WebAssembly.validate(relaxed) ? relaxed : await compile([]);
  const { instance } = await WebAssembly.instantiate(binary);
  const exported = instance.exports as unknown as Loops;
  const loops: readonly [Loop, number][] = [
    [exported.sums, exported.sumsOperations()],
    [exported.sumsTwice, 2 * exported.sumsOperations()],
    [exported.apart, exported.apartOperations()],
  ];
  const rounds = 200_000;
  let highest = 0;
  const end = clock() + seconds * 1000;
  do {
    for (const [loop, operations] of loops) {
      const start = clock();
      loop(rounds, 1e-3);
      highest = Math.max(highest, (operations * rounds) / (clock() - start) / 1e6);
    }
  } while (clock() < end);
  return highest;
}

async function compile(flags: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const folder = fileURLToPath(new URL('../assembly', import.meta.url));
  let binary = new Uint8Array();
  const writeFile = (_name: string, contents: string | Uint8Array) => {
    binary = Uint8Array.from(contents as Uint8Array);
  };
  const options = [
    'peak.ts',
    '--outFile',
    'peak.wasm',
    '--baseDir',
    folder,
    '--runtime',
    'stub',
    '--noAssert',
  ];
  const { error, stderr } = await asc.main([...options, '-O3', '--enable', 'simd', ...flags], { writeFile });
  if (error) throw new Error(`${error.message}\n${stderr}`);
  return binary;
}
