import { readFile } from 'node:fs/promises';
import { fileProblem, isMissing } from './file-system.ts';
import { printable } from './printable.ts';
import { runSchemaVersion } from './run.ts';
import { RunError } from './run-error.ts';

/** A JSON object as it was read, nothing known of its keys. */
export type Json = Readonly<Record<string, unknown>>;

/** Content of a text file; `undefined` when there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new RunError(`cannot read ${path}: ${fileProblem(error)}`, { cause: error });
  }
}

/**
 * The value in a JSON file; `undefined` when there is no such file.
 *
 * @throws RunError naming a file that is not JSON
 */
export async function readJson(file: string): Promise<unknown> {
  const text = await readText(file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RunError(`${file} is not valid JSON: ${printable((cause as Error).message)}`, { cause });
  }
}

/** The object in a JSON file; `undefined` when there is no such file. */
export async function readObject(path: string): Promise<Json | undefined> {
  const text = await readText(path);
  return text === undefined ? undefined : parseObject(text, path);
}

/** @throws when the text is not a JSON object; the message begins with `where`. */
export function parseObject(text: string, where: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RunError(`${where}: not JSON (${printable((error as Error).message)})`);
  }
  if (!isObject(value))
    throw new RunError(`${where}: expected a JSON object, got ${printable(text.slice(0, 60))}`);
  return value;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value if it is a finite number, else `null`. */
export function finite(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** @throws RunError for a file that a later version of this package has written; files without a version are of the first */
export function requireVersion(file: string, version: unknown): void {
  if (version === undefined) return;
  if (Number.isSafeInteger(version) && (version as number) >= 1 && (version as number) <= runSchemaVersion)
    return;
  throw new RunError(
    `${file} has schema version ${JSON.stringify(version)}, and this version of Steepest reads up to ${runSchemaVersion}: update Steepest`,
  );
}
