import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../../', import.meta.url));

/** A folder of installed packages, made for one test. */
export interface Workspace {
  readonly folder: string;
  /** Writes a package into a folder of the workspace, such as `node_modules/acme-tiger`. */
  write(folder: string, manifest: object, entry: string): void;
  /** Links one path of the workspace to another. */
  link(path: string, target: string): void;
  remove(): void;
}

/** Makes a folder outside the repository whose node_modules holds this repository's engine and nothing else. */
export function createWorkspace(): Workspace {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'steepest-registry-')));
  const link = (path: string, target: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(target, join(folder, path), 'junction');
  };
  link('node_modules/@steepest/optimizer', join(packages, 'optimizer'));
  return {
    folder,
    link: (path, target) => link(path, join(folder, target)),
    write(path, manifest, entry) {
      const place = join(folder, path);
      mkdirSync(place, { recursive: true });
      const complete = { version: '1.2.3', type: 'module', exports: './index.js', ...manifest };
      writeFileSync(join(place, 'package.json'), JSON.stringify(complete));
      writeFileSync(join(place, 'index.js'), entry);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The manifest of a package that says it holds optimizers. */
export const holding = (name: string) => ({ name, keywords: ['optimizer', 'steepest-optimizer'] });

/** The source of a package that exports gradient descent under another name. */
export function descent(name: string, className: string, format: 'module' | 'commonjs' = 'module'): string {
  const imported = '{ defineUpdateRule, mul, optimizerClass, sub }';
  const [head, tail] =
    format === 'module'
      ? [`import ${imported} from '@steepest/optimizer';`, `export { ${className} };`]
      : // Exports that Node cannot tell from the source stand in the default export alone.
        [
          `const ${imported} = require('@steepest/optimizer');`,
          `module.exports = new Object({ ${className} });`,
        ];
  return `${head}
const ${className} = optimizerClass(
  defineUpdateRule({
    name: '${name}',
    title: '${className}',
    paper: { authors: 'Acme', year: 2024, title: 'On descent', source: 'https://acme.example/${name}' },
    hyperparameters: { learningRate: { default: 0.5, minimum: 0, description: 'Step size' } },
    slots: () => ({}),
    update: ({ parameter, gradient }, { learningRate }) => ({
      parameter: sub(parameter, mul(learningRate, gradient)),
    }),
  }),
  '${className}',
);
${tail}
`;
}
