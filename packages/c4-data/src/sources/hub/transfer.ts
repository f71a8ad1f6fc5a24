import { createHash } from 'node:crypto';
import { BeyondLimit, DamagedTransfer, repositoryName, TransferFailure } from './failures.ts';
import { checksumOf, type HubFile, statedBytes } from './hub-file.ts';
import type { PartialFile } from './partial-file.ts';
import { type HubAnswer, request } from './request.ts';
import type { HubSettings } from './settings.ts';

function fileAddress(file: HubFile, { endpoint }: HubSettings): string {
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  return `${endpoint}/${repositoryName(file)}/resolve/${encodeURIComponent(file.revision)}/${path}`;
}

/** First byte and length of the whole in `Content-Range: bytes 10-99/100`, or only the length in `bytes *\/100`. */
function parseContentRange(headers: Headers): { start: number | undefined; total: number | undefined } {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  return { start: statedBytes(match?.[1]), total: statedBytes(match?.[2]) };
}

function checkLength(announced: number | undefined, { facts, stated }: PartialFile): void {
  const { bytes } = facts;
  if (announced === undefined || bytes === undefined || announced === bytes) return;
  const message = `the server announced ${announced} bytes of a file of ${bytes}`;
  // A length that only an earlier answer announced may itself have been the wrong one.
  throw stated.bytes === undefined ? new DamagedTransfer(message) : new TransferFailure(message);
}

/** @throws BeyondLimit if a file is larger than any of its kind */
export function requireWithinLimit({ path, mostBytes, alternative }: HubFile, bytes: number): void {
  if (bytes <= mostBytes) return;
  throw new BeyondLimit(
    `the server has ${bytes} bytes or more for ${path}, above the ${mostBytes} that such a file may have: ${alternative}`,
  );
}

/** Takes over what the answer states of the file where it was not known. */
function learn(file: HubFile, answer: HubAnswer, total: number | undefined, partial: PartialFile): void {
  const { bytes, checksum } = partial.facts;
  if (bytes === undefined || checksum === undefined) {
    const linked = statedBytes(answer.linked.size);
    // A storage host's own ETag may be a hash of another kind.
    partial.facts = {
      bytes: bytes ?? linked ?? total,
      checksum: checksum ?? checksumOf(answer.linked.etag),
    };
  }
  requireWithinLimit(file, partial.facts.bytes ?? 0);
  checkLength(total, partial);
  partial.tag = answer.headers.get('etag') ?? undefined;
}

/** Whether the answer continues where the file on disk ends, and belongs to the same version of it. */
function continues({ status, headers }: HubAnswer, partial: PartialFile): boolean {
  const { start, total } = parseContentRange(headers);
  const tag = headers.get('etag') ?? undefined;
  return (
    status === 206 &&
    start === partial.length &&
    (total === undefined || partial.facts.bytes === undefined || total === partial.facts.bytes) &&
    (tag === undefined || partial.tag === undefined || tag === partial.tag)
  );
}

function ask(
  file: HubFile,
  partial: PartialFile,
  from: number,
  settings: HubSettings,
  signal: AbortSignal,
): Promise<HubAnswer> {
  // A weak tag may stand for bytes that differ: it cannot guard a range.
  const strong = partial.tag?.startsWith('W/') ? undefined : partial.tag;
  return request(settings, fileAddress(file, settings), {
    headers: {
      ...(from > 0 ? { range: `bytes=${from}-` } : {}),
      ...(from > 0 && strong !== undefined ? { 'if-range': strong } : {}),
    },
    signal,
  });
}

/** Reads past the bytes that are on disk already, and sees that they are the same. */
class Prefix {
  private readonly hash = createHash('sha256');
  private readonly length: number;
  private position = 0;

  constructor(private readonly partial: PartialFile) {
    this.length = partial.length;
  }

  /** Whether all the bytes on disk have been compared. */
  get passed(): boolean {
    return this.position === this.length;
  }

  /** The part of a chunk that lies behind the bytes on disk. */
  rest(chunk: Uint8Array): Uint8Array {
    const known = Math.min(chunk.length, this.length - this.position);
    if (known <= 0) return chunk;
    this.hash.update(chunk.subarray(0, known));
    this.position += known;
    if (this.position === this.length && this.hash.digest('hex') !== this.partial.digest()) {
      throw new DamagedTransfer('the server now sends other bytes than before');
    }
    return chunk.subarray(known);
  }
}

/**
 * Gets the bytes that a partial file lacks in one request.
 *
 * A server that ignores the range, or whose file has another tag than before, is asked for the whole: its first bytes are
 * compared with those on disk, and the download resumes where they end.
 *
 * @param onBytes called after bytes were added
 * @throws TransferFailure if the transfer ends early, DamagedTransfer if the bytes are not those of the file,
 *   HubRefusal if the hub does not give the file
 */
export async function transfer(
  file: HubFile,
  partial: PartialFile,
  settings: HubSettings,
  signal: AbortSignal,
  onBytes: (added: number) => Promise<void>,
): Promise<void> {
  if (partial.length > 0 && partial.length === partial.facts.bytes) return;
  let answer = await ask(file, partial, partial.length, settings, signal);
  const resumed = partial.length > 0 && continues(answer, partial);
  if (!resumed && answer.status !== 200) {
    answer.close();
    answer = await ask(file, partial, 0, settings, signal);
  }
  try {
    await receive(file, answer, partial, resumed, onBytes);
  } finally {
    answer.close();
  }
}

async function receive(
  file: HubFile,
  answer: HubAnswer,
  partial: PartialFile,
  resumed: boolean,
  onBytes: (added: number) => Promise<void>,
): Promise<void> {
  const { status, headers } = answer;
  const encoding = headers.get('content-encoding') ?? 'identity';
  if ((!resumed && status !== 200) || encoding !== 'identity') {
    throw new TransferFailure(
      `the server answered ${status} with the encoding ${encoding} to a plain request`,
    );
  }
  const whole = resumed ? parseContentRange(headers).total : statedBytes(headers.get('content-length'));
  learn(file, answer, whole, partial);
  const prefix = resumed ? undefined : new Prefix(partial);
  for await (const chunk of answer.bytes()) {
    const added = prefix?.rest(chunk) ?? chunk;
    if (added.length === 0) continue;
    if (partial.length + added.length > (partial.facts.bytes ?? Number.POSITIVE_INFINITY)) {
      throw new DamagedTransfer(`the server sent more than the ${partial.facts.bytes} bytes of the file`);
    }
    requireWithinLimit(file, partial.length + added.length);
    await partial.append(added);
    await onBytes(added.length);
  }
  const { bytes } = partial.facts;
  if (bytes === undefined && prefix?.passed === false) {
    throw new DamagedTransfer('the server now sends fewer bytes than before');
  }
  if (bytes === undefined) partial.facts = { ...partial.facts, bytes: partial.length };
  else if (partial.length < bytes) {
    throw new TransferFailure(`the connection ended after ${partial.length} of ${bytes} bytes`);
  }
}
