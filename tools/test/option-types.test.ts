import { recordOf } from '@steepest/optimizer';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { optimizerPackages } from '../docs/optimizer-packages.ts';
import { repositoryRoot } from './readme-blocks.ts';

const packages = await optimizerPackages(repositoryRoot);
const file = `${repositoryRoot}tools/test/hovered.ts`;

/** What TypeScript shows an editor in a program that does not exist on disk. */
function languageService(code: string): ts.LanguageService {
  const config = ts.parseJsonConfigFileContent(
    { extends: './tsconfig.base.json', files: [] },
    ts.sys,
    repositoryRoot,
  );
  const read = (path: string) => (path === file ? code : ts.sys.readFile(path));
  return ts.createLanguageService({
    getCompilationSettings: () => ({ ...config.options, types: [] }),
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => {
      const text = read(path);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => repositoryRoot,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (path) => path === file || ts.sys.fileExists(path),
    readFile: read,
    directoryExists: ts.sys.directoryExists,
    realpath: (path) => ts.sys.realpath?.(path) ?? path,
  });
}

const optimizers = packages.flatMap(({ name, optimizers }) =>
  optimizers.map(({ exportName, optimizer }) => {
    const { hyperparameters, settings } = recordOf(optimizer.rule);
    return { from: name, exportName, options: [...hyperparameters, ...settings] };
  }),
);

/** Every option of every optimizer, given to it and to a group of it; the defaults are values of the right types. */
const code = optimizers
  .map(({ from, exportName, options }) => {
    const given = options.map(({ name, default: usual }) => `${name}: ${JSON.stringify(usual)}`).join(', ');
    return `import { ${exportName} } from '${from}';\nnew ${exportName}({ ${given}, groups: [{ match: '*', ${given} }] });\n`;
  })
  .join('');

describe('an editor', () => {
  const service = languageService(code);

  it('finds no mistake in options that are right', () => {
    const problems = [...service.getSyntacticDiagnostics(file), ...service.getSemanticDiagnostics(file)];
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });

  it.each(optimizers)(
    'shows what each option of $exportName means, for all parameters and for a group',
    (optimizer) => {
      const start = code.indexOf(`new ${optimizer.exportName}(`);
      for (const { name, description, default: usual } of optimizer.options) {
        const first = code.indexOf(` ${name}: `, start) + 1;
        for (const position of [first, code.indexOf(` ${name}: `, first) + 1]) {
          const { documentation } = service.getQuickInfoAtPosition(file, position)!;
          // The classes of one family share their types, and say the default of the first.
          expect(ts.displayPartsToString(documentation)).toMatch(/\. Default: .+\.$/);
          expect(ts.displayPartsToString(documentation)).toContain(`${description}. Default: `);
          if (optimizer.exportName !== 'AMSGrad') {
            expect(ts.displayPartsToString(documentation)).toContain(`Default: ${JSON.stringify(usual)}.`);
          }
        }
      }
    },
  );
});
