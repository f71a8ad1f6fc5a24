import type { HubFile } from './hub-file.ts';
import type { HubSettings } from './settings.ts';

/** A transfer that failed in a way that another attempt may mend. */
export class TransferFailure extends Error {
  /** Seconds the server asked to wait. */
  readonly retryAfterSeconds: number | undefined;
  /** Whether no connection came about at all. */
  readonly unreachable: boolean;
  /** Whether bytes came, but too slowly. */
  readonly slow: boolean;

  constructor(
    message: string,
    options: {
      retryAfterSeconds?: number | undefined;
      unreachable?: boolean;
      slow?: boolean;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.unreachable = options.unreachable ?? false;
    this.slow = options.slow ?? false;
  }
}

/** Bytes that arrived whole but are not those of the file: it must be got anew from its start. */
export class DamagedTransfer extends Error {}

/** A server that went beyond what its answers may take: another attempt would not change it. */
export class BeyondLimit extends Error {}

/** An answer that another attempt would not change. */
export class HubRefusal extends Error {
  constructor(
    readonly status: number,
    /** The hub's `X-Error-Code`: `GatedRepo`, `RepoNotFound`, `RevisionNotFound`, `EntryNotFound`. */
    readonly code: string | undefined,
    readonly address: string,
    message: string,
  ) {
    super(message);
  }
}

const repositoryFolder = { dataset: 'datasets/', model: '' } as const;

/** `datasets/allenai/c4` or `google-t5/t5-base`, as in the hub's addresses. */
export function repositoryName({ repository }: Pick<HubFile, 'repository'>): string {
  return `${repositoryFolder[repository.type]}${repository.name}`;
}

/** What to do without the hub, for the end of a message. */
export function withoutHub({ alternative }: Pick<HubFile, 'alternative'>, settings: HubSettings): string {
  return `without the hub, use files already in ${settings.cacheDirectory} with offline mode (HF_HUB_OFFLINE=1), or ${alternative}`;
}

/** Says what a refusal means for the one who asked for a file. */
export function explainRefusal(refusal: HubRefusal, file: HubFile, settings: HubSettings): Error {
  const repository = repositoryName(file);
  const { status, code, address, message } = refusal;
  const explained = (text: string) => new Error(text, { cause: refusal });
  if (code === 'RevisionNotFound') {
    return explained(
      `${repository} has no revision "${file.revision}" at ${settings.endpoint}: give a branch, a tag or a commit of it`,
    );
  }
  if (status === 403 || code === 'GatedRepo') {
    return explained(
      `access to ${repository} is restricted (${status}, ${message}): accept its conditions at ` +
        `${settings.endpoint}/${repository} and set HF_TOKEN to a token of that account; ${withoutHub(file, settings)}`,
    );
  }
  if (status === 401 && settings.token !== undefined && code !== 'RepoNotFound') {
    return explained(
      `the token from ${settings.tokenOrigin} was refused for ${repository} (401, ${message}): ` +
        'renew it at https://huggingface.co/settings/tokens, or pass token: false for public data',
    );
  }
  if (status === 401 || code === 'RepoNotFound') {
    const token =
      settings.token === undefined ? 'no token was sent' : `with the token from ${settings.tokenOrigin}`;
    return explained(
      `${repository} does not exist at ${settings.endpoint}, or is private (${status}, ${token}): ` +
        'check the name, or set HF_TOKEN to a token of an account with access',
    );
  }
  return explained(`${address} answered ${status} (${message}); ${withoutHub(file, settings)}`);
}
