import { fileURLToPath } from 'node:url';

/** Whether this package runs from its TypeScript sources, as in its repository, or as it is published. */
export const isSource: boolean = import.meta.url.endsWith('.ts');

/** The folder of this package. */
export const packageFolder: string = fileURLToPath(new URL('..', import.meta.url));

/** A program of this package, to run in a process of its own, and the flags of Node that it needs. */
export function programFile(name: 'trial' | 'preparation'): { file: string; execArgv: string[] } {
  const file = fileURLToPath(new URL(`./${name}-process.${isSource ? 'ts' : 'js'}`, import.meta.url));
  // Resolved here, not from the working directory, which may be anywhere.
  const fromSource = () => ['--conditions=@steepest/source', '--import', import.meta.resolve('tsx')];
  return { file, execArgv: isSource ? fromSource() : [] };
}
