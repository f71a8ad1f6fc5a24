import { createHash } from 'node:crypto';
import { isObject, type Json } from './json-files.ts';
import { printableStart } from './printable.ts';
import { RunError } from './run-error.ts';

function checksumOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** An object with one more key, `checksum`: the SHA-256 of the rest as `JSON.stringify` writes it. */
export function sealed<T extends object>(content: T): T & { readonly checksum: string } {
  return { ...content, checksum: checksumOf(content) };
}

/** The JSON of an object that is {@link sealed}. */
export function sealJson(content: object, indent?: number): string {
  return `${JSON.stringify(sealed(content), null, indent)}\n`;
}

/**
 * What `sealJson` was given.
 *
 * @throws RunError if the text is no JSON object, or its checksum is absent or not that of the rest; the message says so of `path`
 */
export function openSealedJson(text: string, path: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new RunError(`${path} is not JSON (${printableStart((cause as Error).message, 200)})`, { cause });
  }
  if (!isObject(parsed)) throw new RunError(`${path} is not a JSON object`);
  return withoutSeal(parsed.checksum === undefined ? { ...parsed, checksum: null } : parsed, path);
}

/**
 * An object that was read from a file, without its checksum. Files of other programs, and of versions before there were
 * checksums, have none.
 *
 * @throws RunError if the checksum is not that of the rest; the message says so of `path`
 */
export function withoutSeal(read: Json, path: string): Record<string, unknown> {
  const problem = sealProblem(read, path);
  if (problem !== undefined) throw new RunError(problem);
  const { checksum: _, ...content } = read;
  return content;
}

/** What is wrong with an object that has a checksum which is not that of the rest. */
export function sealProblem({ checksum, ...content }: Json, path: string): string | undefined {
  if (checksum === undefined || checksum === checksumOf(content)) return undefined;
  return `${path} is damaged or was edited: its content has another checksum than it says`;
}
