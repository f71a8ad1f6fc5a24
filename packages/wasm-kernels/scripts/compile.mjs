// Compiles assembly/ to WebAssembly and writes src/generated/kernels.ts in base64, which every bundler can carry:
// one binary for each kind of memory (tfjs shares its heap between threads in browsers that allow it), and products
// also with fused multiply-add, where the engine has relaxed SIMD. Older browsers compile at once, without a
// promise, only what has 4096 bytes or less, hence several modules.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { madeFrom, sourceHash } from './source-hash.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const shared = ['--enable', 'threads', '--sharedMemory'];
const relaxed = ['--enable', 'relaxed-simd'];
// Above level 2 the compiler copies the handling of rows' last elements into every loop, which doubles the size.
const small = ['-O2'];
const binaries = {
  products: ['products.ts'],
  productsRelaxed: ['products.ts', ...relaxed],
  productsShared: ['products.ts', ...shared],
  productsSharedRelaxed: ['products.ts', ...shared, ...relaxed],
  elements: ['elements.ts'],
  elementsShared: ['elements.ts', ...shared],
  gelu: ['gelu.ts', ...small],
  geluShared: ['gelu.ts', ...small, ...shared],
  layers: ['layers.ts', ...small],
  layersShared: ['layers.ts', ...small, ...shared],
  attention: ['attention.ts', ...small],
  attentionShared: ['attention.ts', ...small, ...shared],
  matrices: ['matrices.ts', ...small],
  matricesShared: ['matrices.ts', ...small, ...shared],
  softmax: ['softmax.ts', ...small],
  softmaxShared: ['softmax.ts', ...small, ...shared],
};
const common = ['--runtime', 'stub', '--noAssert', '--importMemory', '--enable', 'simd', '-O3', '--converge'];

async function compile(entry, flags) {
  let binary;
  const { error, stderr } = await asc.main(
    [
      `assembly/${entry}`,
      '--outFile',
      'kernels.wasm',
      '--baseDir',
      root,
      ...common,
      '--maximumMemory',
      '65536',
      ...flags,
    ],
    {
      writeFile: (_name, contents) => {
        binary = contents;
      },
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr}`);
  const names = ['data', 'memory', 'table'].filter((kind) => sectionCount(binary, kind) > 0);
  if (names.length > 0)
    throw new Error(`the kernels must own no ${names.join(', ')}: they live in the heap of tfjs`);
  if (binary.length > 4096)
    throw new Error(`${entry} has ${binary.length} bytes, over the 4096 that all browsers take`);
  return binary;
}

/** Entries in a section of a binary: what a module that shares another's memory must not have. */
function sectionCount(binary, kind) {
  const id = { table: 4, memory: 5, data: 11 }[kind];
  let at = 8;
  const unsigned = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = binary[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < binary.length) {
    const section = binary[at++];
    const size = unsigned();
    const next = at + size;
    if (section === id) return unsigned();
    at = next;
  }
  return 0;
}

const lines = [madeFrom(await sourceHash()), ''];
for (const [name, [entry, ...flags]] of Object.entries(binaries)) {
  const binary = await compile(entry, flags);
  lines.push(`export const ${name} =\n  '${Buffer.from(binary).toString('base64')}';`);
  process.stderr.write(`${name} ${binary.length} bytes\n`);
}
const folder = `${root}src/generated`;
await mkdir(folder, { recursive: true });
await writeFile(`${folder}/kernels.ts.part`, `${lines.join('\n')}\n`);
await rename(`${folder}/kernels.ts.part`, `${folder}/kernels.ts`);
