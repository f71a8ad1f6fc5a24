import type { RepoDesignation } from '@huggingface/hub';
import { printableStart } from '@steepest/run-files';
import { describe } from '../../option-checks.ts';
import { commitPattern, readReference, writeReference } from './cache.ts';
import { BeyondLimit, explainRefusal, HubRefusal, repositoryName } from './failures.ts';
import { checkHubNames, checksumOf, type FileFacts, type HubFile, noFacts, statedBytes } from './hub-file.ts';
import { request } from './request.ts';
import { withRetries } from './retries.ts';
import type { HubSettings } from './settings.ts';

/** Paths asked for in one request. */
const pathsAtOnce = 500;
const namesInMessage = 5;
/** Names that are counted for a message. */
const mostNames = 1000;
/** The hub's own answers have some hundred KB at most. */
const mostAnswerBytes = 16 * 1024 * 1024;
/** Answers to one call; a listing links from page to page. */
const mostAnswers = 20;

/** The hub's client, loaded when the network is first needed. */
const hubClient = () => import('@huggingface/hub');

/** What its calls are given: our requests, which know stalls, waits and the token. */
function client(file: HubFile, settings: HubSettings, signal: AbortSignal | undefined) {
  const { type, name } = file.repository;
  let answers = 0;
  return {
    repo: { type, name } satisfies RepoDesignation,
    name,
    revision: file.revision,
    hubUrl: settings.endpoint,
    fetch: async (address: string | URL | Request, { method, headers, body }: RequestInit = {}) => {
      const answer = await request(settings, String(address), {
        method: method ?? 'GET',
        headers: headers as Record<string, string>,
        ...(body == null ? {} : { body: body as string }),
        signal,
      });
      const { host } = new URL(settings.endpoint);
      answers += 1;
      if (answers > mostAnswers) {
        answer.close();
        throw new BeyondLimit(`${host} links from answer to answer more than ${mostAnswers} times`);
      }
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of answer.bytes()) {
        bytes += chunk.length;
        if (bytes > mostAnswerBytes) {
          throw new BeyondLimit(
            `${host} answers with more than ${mostAnswerBytes} bytes where it is asked about ${repositoryName(file)}: ${file.alternative}`,
          );
        }
        chunks.push(chunk);
      }
      return new Response(Buffer.concat(chunks), { status: answer.status, headers: answer.headers });
    },
  };
}

/**
 * The commit that a revision stands for: itself, or what the hub says of a branch or tag; offline what it last said.
 *
 * @throws if the hub does not know the revision, or offline mode is on and it was never resolved here
 */
export async function resolveRevision(
  file: HubFile,
  settings: HubSettings,
  signal: AbortSignal | undefined,
): Promise<string> {
  checkHubNames(file);
  if (commitPattern.test(file.revision)) return file.revision;
  if (settings.offline) {
    const known = await readReference(file, settings);
    if (known !== undefined) return known;
    throw new Error(
      `the revision "${file.revision}" of ${repositoryName(file)} was never resolved in ${settings.cacheDirectory}, and offline ` +
        `mode is on (${settings.offlineOrigin}): give a commit, or open it once with the network`,
    );
  }
  const { datasetInfo, modelInfo } = await hubClient();
  const { sha } = await asHub(file, settings, () =>
    withRetries(file, settings, signal, () => {
      const params = { ...client(file, settings, signal), additionalFields: ['sha' as const] };
      return file.repository.type === 'dataset' ? datasetInfo(params) : modelInfo(params);
    }),
  );
  if (typeof sha !== 'string' || !commitPattern.test(sha)) {
    throw new Error(
      `${settings.endpoint} answers that the revision "${file.revision}" of ${repositoryName(file)} is the commit ` +
        `${describe(sha)}: a commit has 40 hexadecimal digits; give one as the revision, or ${file.alternative}`,
    );
  }
  await writeReference(file, sha, settings);
  return sha;
}

/** Says of an answer that the hub's client cannot read that it is none of a hub: a page for logging in, or of another program. */
async function asHub<T>(file: HubFile, { endpoint }: HubSettings, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof TypeError)) throw cause;
    throw new Error(
      `${endpoint} does not answer as a hub does where it is asked about ${repositoryName(file)} ` +
        `(${printableStart(cause.message, 200)}): check HF_ENDPOINT and the network, or ${file.alternative}`,
      { cause },
    );
  }
}

/** Whether a mirror serves files without the hub's API. */
function lacksApi(cause: unknown): boolean {
  return cause instanceof HubRefusal && cause.code === undefined && [404, 405, 501].includes(cause.status);
}

/**
 * Sizes and checksums of files of one repository and revision, in one request for every 500.
 *
 * A mirror without this part of the hub's API gives facts that are unknown.
 *
 * @throws if one of the files does not exist: the message says what does
 */
export async function fetchFacts(
  files: readonly HubFile[],
  settings: HubSettings,
  signal: AbortSignal | undefined,
): Promise<FileFacts[]> {
  const facts: FileFacts[] = [];
  const { pathsInfo } = await hubClient();
  for (let start = 0; start < files.length; start += pathsAtOnce) {
    const some = files.slice(start, start + pathsAtOnce);
    const [first] = some as [HubFile];
    const found = await asHub(first, settings, () =>
      withRetries(first, settings, signal, async () => {
        try {
          return await pathsInfo({
            ...client(first, settings, signal),
            paths: some.map(({ path }) => path),
          });
        } catch (cause) {
          if (lacksApi(cause)) return undefined;
          throw cause;
        }
      }),
    );
    const byPath = new Map(found?.map((info) => [info.path, info]));
    for (const file of some) {
      const info = byPath.get(file.path);
      if (found === undefined) facts.push(noFacts);
      else if (info === undefined || info.type !== 'file') throw await absent(file, settings, signal);
      else {
        facts.push({
          bytes: statedBytes(info.lfs?.size ?? info.size),
          checksum: checksumOf(info.lfs?.oid ?? info.oid),
        });
      }
    }
  }
  return facts;
}

/** The error of a file that the hub does not have, with what it has in the same folder, or in all. */
export async function absent(
  file: HubFile,
  settings: HubSettings,
  signal: AbortSignal | undefined,
): Promise<Error> {
  const folder = file.path.split('/').slice(0, -1).join('/');
  const names = await namesIn(folder, file, settings, signal);
  const where = names.length > 0 && folder !== '' ? `the folder ${folder} has` : 'the repository has';
  const shown = names.length > 0 || folder === '' ? names : await namesIn('', file, settings, signal);
  const list = shown.slice(0, namesInMessage).join(', ') + (shown.length > namesInMessage ? ', ...' : '');
  return new Error(
    `${repositoryName(file)} has no file ${file.path} at ${file.revision}` +
      (shown.length === 0 ? '' : `: ${where} ${shown.length} entries: ${list}`),
  );
}

async function namesIn(
  folder: string,
  file: HubFile,
  settings: HubSettings,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const names: string[] = [];
  const { listFiles } = await hubClient();
  try {
    const entries = listFiles({
      ...client(file, settings, signal),
      ...(folder === '' ? {} : { path: folder }),
    });
    for await (const { path } of entries) {
      names.push(printableStart(String(path), 100));
      if (names.length === mostNames) break;
    }
  } catch {
    signal?.throwIfAborted();
  }
  return names;
}

/** Turns a refusal met while getting a file into what the user can do. */
export async function explain(
  cause: unknown,
  file: HubFile,
  settings: HubSettings,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (!(cause instanceof HubRefusal)) return cause;
  const missing = cause.code === 'EntryNotFound' || (cause.status === 404 && cause.code === undefined);
  return missing ? absent(file, settings, signal) : explainRefusal(cause, file, settings);
}
