import { dirname } from 'node:path';
import { lastLines, runCommand } from './run-command.ts';

/** A Python 3 of this machine. */
export interface Python {
  readonly program: string;
  readonly hasPip: boolean;
  /** Folder of Python packages in which it has TensorFlow; undefined if it has none. */
  readonly sitePackages: string | undefined;
}

/** Looks for packages without importing them: TensorFlow alone takes seconds to import. */
const question = `
import importlib.util, json, sys
def folder(name):
    spec = importlib.util.find_spec(name)
    return list(spec.submodule_search_locations)[0] if spec and spec.submodule_search_locations else None
print(json.dumps({"major": sys.version_info[0], "pip": folder("pip") is not None, "tensorflow": folder("tensorflow")}))
`;

/** The first Python 3 among `$PYTHON`, `python3` and `python`, one with TensorFlow or pip before one without. */
export async function findPython(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Python | undefined> {
  let fallback: Python | undefined;
  for (const program of [environment.PYTHON, 'python3', 'python']) {
    if (!program) continue;
    const result = await runCommand(program, ['-c', question]);
    if (result?.code !== 0) continue;
    const answer = JSON.parse(result.stdout) as { major: number; pip: boolean; tensorflow: string | null };
    if (answer.major < 3) continue;
    const sitePackages = answer.tensorflow === null ? undefined : dirname(answer.tensorflow);
    const python = { program, hasPip: answer.pip, sitePackages };
    if (python.hasPip || sitePackages !== undefined) return python;
    fallback ??= python;
  }
  return fallback;
}

/** Requirements for `pip download`, and for which machine. */
export interface PipDownload {
  readonly requirements: readonly string[];
  readonly wheelTags: readonly string[];
  /** Where the wheels go; made if absent. */
  readonly folder: string;
  /** Whether pip may draw its progress bar. */
  readonly showsProgress: boolean;
}

/** Every version of TensorFlow with its C++ library has wheels for it, whatever Python is installed here. */
const wheelPython = '311';

/** @throws if pip fails, with the end of what it said */
export async function pipDownload(
  python: Python,
  { requirements, wheelTags, folder, showsProgress }: PipDownload,
): Promise<void> {
  const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check'];
  args.push('--implementation', 'cp', '--python-version', wheelPython);
  // Packages that are not built for one Python, as those of CUDA, are called none.
  for (const abi of [`cp${wheelPython}`, 'abi3', 'none']) args.push('--abi', abi);
  for (const tag of wheelTags) args.push('--platform', tag);
  args.push('--dest', folder, ...requirements);
  const result = await runCommand(python.program, args, { show: showsProgress });
  if (result?.code === 0) return;
  const said = showsProgress || result === undefined ? '' : `:\n${lastLines(result)}\n`;
  throw new Error(
    `pip could not download ${requirements.join(' ')}${said}${said === '' ? '. ' : ''}` +
      'Where there is no network, run `pip download --no-deps` on another machine of this kind and give `--from WHEEL`.',
  );
}
