/** Programs for browsers, built by four bundlers from packages as they are published, and run where no module of Node is in reach. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the programs import. */
export const bundledPackages = [
  '@steepest/backend',
  '@steepest/c4-data',
  '@steepest/lm-models',
  '@steepest/lr-schedules',
  '@steepest/optim-adam',
  '@steepest/optim-lion',
  '@steepest/optimizer',
  '@steepest/param-groups',
  '@steepest/safetensors',
  '@steepest/trainer',
  '@steepest/webgpu-kernels',
];

/** The bundlers, with the plugins that Rollup needs to find packages and to read the CommonJS ones of tfjs. */
export const bundlers = [
  'esbuild@^0.27.0',
  'vite@^8.0.0',
  'webpack@^5.100.0',
  'rollup@^4.50.0',
  '@rollup/plugin-node-resolve@^16.0.0',
  '@rollup/plugin-commonjs@^29.0.0',
];

interface Program {
  /** An ES module that exports `main`, which reports what came of it. */
  readonly code: string;
  /** What it reports. */
  readonly outcome: object;
  /** What some text of the bundle has to have, and what none may. */
  readonly has?: readonly string[];
  readonly lacks?: readonly string[];
  /** The bytes that a page may fetch at most before it starts. */
  readonly largest?: number;
}

export const programs = {
  // Trains a model on a text of the page's own.
  training: {
    code: `
import * as tf from '@tensorflow/tfjs';
import { prepareBackend } from '@steepest/backend';
import { openTextData, trainTokenizer } from '@steepest/c4-data';
import { createLanguageModel } from '@steepest/lm-models';
import { Lion } from '@steepest/optim-lion';
import { memoryStore, train } from '@steepest/trainer';

const texts = Array.from({ length: 60 }, (_, day) => 'Day ' + day + '. The wind turned to the north by noon.');
const source = { type: 'texts', train: texts };

export async function main() {
  const { name } = await prepareBackend({ backend: 'cpu' });
  const tokenizer = await trainTokenizer({ source, type: 'bpe', vocabularySize: 270 });
  const data = await openTextData({
    source, tokenizer, contextLength: 8, batchSize: 2, seed: 1, validationFraction: 0.2,
  });
  const model = createLanguageModel({
    modelWidth: 8, layers: 1, heads: 2, vocabularySize: tokenizer.vocabularySize, contextLength: 8, seed: 1,
  });
  const optimizer = new Lion({ learningRate: 0.01, groups: [{ match: '**/weight', weightDecay: 0.1 }] });
  const store = memoryStore();
  const summary = await train({
    model, optimizer, data, steps: 4, store, evaluation: { every: 2, sequences: 2 },
  });
  const { step } = await optimizer.state();
  return { name, tf: tf.version.tfjs, status: summary.status, step, learns: summary.finalValidationLoss < Math.log(270) };
}`,
    outcome: { name: 'cpu', tf: '4.22.0', status: 'finished', step: 4, learns: true },
    has: ['SteepestLion'],
    lacks: ['SteepestAdam'],
  },
  // Packages that are imported for what they register.
  registrations: {
    code: `
import * as tf from '@tensorflow/tfjs';
import '@steepest/lr-schedules';
import '@steepest/optim-adam';
import '@steepest/optim-lion';
import '@steepest/param-groups';
import '@steepest/webgpu-kernels';

export async function main() {
  const known = tf.serialization.SerializationMap.getMap().classNameMap;
  return {
    classes: ['SteepestAdamW', 'SteepestLion', 'SteepestCombinedOptimizer'].filter((name) => known[name] !== undefined),
    schedules: typeof globalThis[Symbol.for('@steepest/lr-schedules')],
    webgpu: tf.getKernelsForBackend('webgpu').length > 0,
  };
}`,
    outcome: {
      classes: ['SteepestAdamW', 'SteepestLion', 'SteepestCombinedOptimizer'],
      schedules: 'function',
      webgpu: true,
    },
  },
  // Packages of which nothing is used.
  unused: {
    code: `
import { prepareBackend } from '@steepest/backend';
import { openTextData } from '@steepest/c4-data';
import { createLanguageModel } from '@steepest/lm-models';
import { defineUpdateRule } from '@steepest/optimizer';
import { encodeSafetensors } from '@steepest/safetensors';
import { train } from '@steepest/trainer';

export const main = async () => ({ nothing: true });`,
    outcome: { nothing: true },
    largest: 1000,
  },
} satisfies Readonly<Record<string, Program>>;

/** Scripts that build a program, given its name, into a folder of ES modules whose first is the program's. */
const builds: Readonly<Record<string, string>> = {
  esbuild: `
import { build } from 'esbuild';
await build({
  entryPoints: [input], outdir, bundle: true, minify: true, splitting: true, format: 'esm', platform: 'browser', logLevel: 'error',
});`,
  webpack: `
import webpack from 'webpack';
const stats = await new Promise((resolve, reject) => webpack({
  mode: 'production', target: ['web', 'es2022'], entry: { [name]: input }, devtool: false,
  experiments: { outputModule: true },
  output: { path: outdir, filename: '[name].js', module: true, library: { type: 'module' }, chunkFormat: 'module', publicPath: 'auto' },
}, (error, done) => (error ? reject(error) : resolve(done))));
if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));`,
  rollup: `
import { rollup } from 'rollup';
import commonjs from '@rollup/plugin-commonjs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
const bundle = await rollup({
  input, plugins: [nodeResolve({ browser: true, preferBuiltins: false }), commonjs()],
  onwarn(warning) { if (warning.code === 'UNRESOLVED_IMPORT') throw new Error(warning.message); },
});
await bundle.write({ dir: outdir, format: 'es' });`,
  vite: `
import { build } from 'vite';
await build({
  root: process.cwd(), logLevel: 'error', configFile: false,
  build: { outDir: outdir, lib: { entry: input, formats: ['es'], fileName: () => name + '.js' } },
});`,
};

/** Loads a built program as a browser would, where there is no `process`, and prints what it reports. */
const runner = `
import { pathToFileURL } from 'node:url';
const file = process.argv[2];
const { exit, stdout } = process;
const print = (value) => stdout.write(JSON.stringify(value), () => exit(0));
// tfjs asks for these to know where it is.
globalThis.process = undefined;
globalThis.Buffer = undefined;
globalThis.self = globalThis;
globalThis.WorkerGlobalScope = class {};
console.warn = () => {};
const { main } = await import(pathToFileURL(file));
print(await main());
`;

/**
 * Builds and runs every program with every bundler.
 *
 * @param folder A project in which the packages and bundlers are installed.
 * @param run Runs a program there and returns what it prints.
 * @throws Error with what was wrong in a bundle
 */
export function bundleAndRun(folder: string, run: (program: string, ...args: string[]) => string): void {
  writeFileSync(join(folder, 'run-bundle.mjs'), runner);
  for (const [name, { code, outcome, has = [], lacks = [], largest = Infinity }] of Object.entries<Program>(
    programs,
  )) {
    writeFileSync(join(folder, `${name}.js`), code);
    for (const [bundler, build] of Object.entries(builds)) {
      const script = `const name = '${name}';
const input = process.cwd() + '/${name}.js';
const outdir = process.cwd() + '/bundles/${bundler}/${name}';
${build}`;
      const builder = `build-${bundler}-${name}.mjs`;
      writeFileSync(join(folder, builder), script);
      run(process.execPath, builder);
      const built = join(folder, 'bundles', bundler, name);
      const where = `the program "${name}" that ${bundler} built`;
      const files = readdirSync(built, { recursive: true }).map(String);
      const texts = files
        .filter((file) => file.endsWith('.js'))
        .map((file) => readFileSync(join(built, file), 'utf8'));
      const text = texts.join('\n');
      if (/\b(?:from|import)\s*\(?\s*["']node:/.test(text))
        throw new Error(`${where} imports a module of Node`);
      for (const each of has) if (!text.includes(each)) throw new Error(`${where} lacks ${each}`);
      for (const each of lacks)
        if (text.includes(each)) throw new Error(`${where} holds ${each}, which is not used`);
      const start = bytesAtStart(join(built, `${name}.js`));
      if (start > largest)
        throw new Error(`${where} has ${start} bytes at its start, and ${largest} are enough`);
      const reported = run(process.execPath, 'run-bundle.mjs', join(built, `${name}.js`));
      if (reported !== JSON.stringify(outcome)) {
        throw new Error(`${where} reports ${reported}, not ${JSON.stringify(outcome)}`);
      }
    }
  }
}

/** The bytes of a module and of those that it imports at once. */
function bytesAtStart(file: string, seen = new Set<string>()): number {
  if (seen.has(file)) return 0;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const imported = [...text.matchAll(/\b(?:from|import)\s*["'](\.[^"']+)["']/g)].map(([, path]) =>
    join(file, '..', path!),
  );
  return imported.reduce((bytes, path) => bytes + bytesAtStart(path, seen), text.length);
}
