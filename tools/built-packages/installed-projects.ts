/** Uses the packages as they are published in empty projects: ES modules, CommonJS, TypeScript old and new, and pages by four bundlers. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { bundleAndRun, bundledPackages, bundlers } from './bundled-programs.ts';
import { packageClosure, packInto } from './packed.ts';

/** What the projects below import. */
const used = [
  '@steepest/optim-adam',
  '@steepest/optim-lion',
  '@steepest/optim-muon',
  '@steepest/param-groups',
  '@steepest/lr-schedules',
  '@steepest/lm-models',
];

/** Oldest and newest compilers whose users are served, and the last before typed arrays became generic in 5.7. */
const compilers = { oldest: '~5.4.0', 'not-generic': '~5.6.0', newest: 'latest' };

const body = `
const model = createLanguageModel({ modelWidth: 8, layers: 1, heads: 2, vocabularySize: 7, contextLength: 4, seed: 1 });
const optimizer = combine([
  { match: byRole('attention', 'mlp'), optimizer: new Muon({ learningRate: schedule }) },
  { match: byRank(2), optimizer: new Lion({ learningRate: 1e-3 }) },
  { optimizer: new AdamW({ learningRate: 1e-3, weightDecay: 0.1 }) },
]);
const tokens = tf.tensor2d([[1, 2, 3, 4, 5]], [1, 5], 'int32');
const losses = Array.from({ length: 10 }, () => {
  const loss = optimizer.minimize(() => model.loss(tokens).total, true);
  if (loss === null) throw new Error('no loss');
  return loss.dataSync()[0];
});
if (!(losses[9] < losses[0])) throw new Error('it does not learn: ' + losses.join(', '));
`;

const names: readonly (readonly [string, string])[] = [
  ['@steepest/lm-models', 'createLanguageModel'],
  ['@steepest/lr-schedules', 'studySchedule'],
  ['@steepest/optim-adam', 'AdamW'],
  ['@steepest/optim-lion', 'Lion'],
  ['@steepest/optim-muon', 'Muon'],
  ['@steepest/param-groups', 'byRank, byRole, combine'],
];
const setup = 'const schedule = studySchedule({ peak: 0.02, warmupSteps: 2, totalSteps: 10 });';
const imports = names.map(([name, value]) => `import { ${value} } from '${name}';`).join('\n');
const requires = names.map(([name, value]) => `const { ${value} } = require('${name}');`).join('\n');

const sources: Readonly<Record<string, string>> = {
  'module.mjs': `import * as tf from '@tensorflow/tfjs';\n${imports}\n${setup}${body}`,
  'common.cjs': `const tf = require('@tensorflow/tfjs');\n${requires}\n${setup}${body}`,
  'typed.ts': `import * as tf from '@tensorflow/tfjs';\n${imports}\n${setup}${body.replaceAll('losses[9] < losses[0]', 'losses[9]! < losses[0]!')}`,
  'page.js': `import * as tf from '@tensorflow/tfjs';\n${imports}\n${setup}${body}document.title = String(losses[9]);\n`,
  'index.html': '<!doctype html><title>A page</title><script type="module" src="./page.js"></script>\n',
};

/**
 * Installs tarballs of every package that the projects need with npm, and runs, compiles and bundles the projects.
 *
 * @param root this repository, with every package built
 * @throws Error with what a tool printed when it failed
 */
export async function useInEmptyProjects(root: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'steepest-projects-'));
  const run = (program: string, ...args: string[]) => {
    try {
      return execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${program} ${args.join(' ').slice(0, 300)}\n${stdout}\n${stderr}`);
    }
  };
  try {
    mkdirSync(join(folder, 'tarballs'));
    const tarballs = packInto(
      packageClosure(root, [...used, ...bundledPackages]),
      join(folder, 'tarballs'),
    ).map((tarball) => `./tarballs/${tarball}`);
    writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "private": true }\n');
    const typescripts = Object.entries(compilers).map(
      ([name, version]) => `${name}@npm:typescript@${version}`,
    );
    run(
      'npm',
      'install',
      '--no-audit',
      '--no-fund',
      ...tarballs,
      '@tensorflow/tfjs@^4.22.0',
      ...typescripts,
      ...bundlers,
    );
    for (const [file, source] of Object.entries(sources)) writeFileSync(join(folder, file), source);
    run(process.execPath, 'module.mjs');
    run(process.execPath, 'common.cjs');
    for (const compiler of Object.keys(compilers)) {
      const program = join(folder, 'node_modules', compiler, 'bin', 'tsc');
      const compile = (module: 'node16' | 'esnext', types: readonly string[], files: readonly string[]) => {
        const config = {
          compilerOptions: {
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
            skipLibCheck: false,
            noEmit: true,
            target: 'es2022',
            lib: ['es2022', 'dom', 'dom.iterable'],
            typeRoots: [join(root, 'node_modules/@types')],
            types,
            module,
            moduleResolution: module === 'node16' ? 'node16' : 'bundler',
          },
          files,
        };
        writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
        refuseOurErrors(() => run(process.execPath, program, '-p', '.'));
      };
      compile('node16', [], ['typed.ts']);
      compile('esnext', [], ['typed.ts']);
      compile('node16', ['node'], everyDeclaration(root));
    }
    await build({ root: folder, logLevel: 'error', build: { outDir: join(folder, 'built') } });
    const chunks = readdirSync(join(folder, 'built', 'assets'));
    const page = chunks
      .map((chunk) => readFileSync(join(folder, 'built', 'assets', chunk), 'utf8'))
      .join('\n');
    if (/["']node:/.test(page)) throw new Error('the page that Vite built asks for a module of Node');
    bundleAndRun(folder, run);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The declarations of every entry of every built package, for `import` and for `require`. */
function everyDeclaration(root: string): string[] {
  const folders = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name, 'dist'));
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => /\.d\.c?ts$/.test(file))
      .map((file) => join(folder, file)),
  );
}

/** Compiles without an error in the project and in our declarations; those of tfjs and of what it needs have some. */
function refuseOurErrors(run: () => void): void {
  try {
    run();
  } catch (error) {
    const { message } = error as Error;
    const errors = message.split('\n').filter((line) => /^\S.*: error TS\d+/.test(line));
    const ours = errors.filter((line) => !/^[^:]*node_modules\/(?!@steepest\/)/.test(line));
    if (errors.length === 0 || ours.length > 0) throw new Error(ours.join('\n') || message);
  }
}
