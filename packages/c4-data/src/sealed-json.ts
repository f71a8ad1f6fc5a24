import { createHash } from 'node:crypto';
import { printableStart } from '@steepest/run-files';

function checksumOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** JSON that ends with `checksum`, the SHA-256 of the rest as `JSON.stringify` writes it. */
export function sealJson(content: object, indent?: number): string {
  return `${JSON.stringify({ ...content, checksum: checksumOf(content) }, null, indent)}\n`;
}

/**
 * What `sealJson` was given.
 *
 * @throws if the text is no JSON object, or its checksum is not that of the rest; the message says so of `path`
 */
export function openSealedJson(text: string, path: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is not JSON (${printableStart((cause as Error).message, 200)})`, { cause });
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new Error(`${path} is not a JSON object`);
  }
  const { checksum, ...content } = parsed as Record<string, unknown>;
  if (checksum === checksumOf(content)) return content;
  throw new Error(`${path} is damaged or was edited: its content has another checksum than it says`);
}
