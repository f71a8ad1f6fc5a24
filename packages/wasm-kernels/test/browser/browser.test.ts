import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';

const browser = [process.env.CHROME_BIN, 'chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => name !== undefined && spawnSync(name, ['--version']).status === 0,
);

const binaries = dirname(
  createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js'),
);

/** What the worker of the page found. */
interface Outcome {
  readonly error?: string;
  readonly threads: number;
  readonly reason: string;
  readonly isolated: boolean;
  readonly started: number;
  readonly jobs: number;
  readonly isRight: boolean;
  readonly losses: readonly number[];
}

async function bundledWorker(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./training-worker.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    conditions: ['@steepest/source'],
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

const page = `<!doctype html><title>test</title><script>
  const report = (result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) });
  const worker = new Worker('/worker.js');
  worker.onmessage = ({ data }) => report(data);
  worker.onerror = ({ message }) => report({ error: message });
</script>`;

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

/** Opens a page whose worker trains, and waits for what it posts. */
async function trainInBrowser(program: string, isIsolated: boolean): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'browser-test-'));
  const isolation = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  };
  let finish: (outcome: Outcome) => void;
  const outcome = new Promise<Outcome>((resolve) => {
    finish = resolve;
  });
  const server = createServer(async (request, response) => {
    const headers = isIsolated ? isolation : {};
    const send = (type: string, body: string | Buffer) => {
      response.writeHead(200, { 'Content-Type': type, ...headers }).end(body);
    };
    const { pathname } = new URL(request.url!, 'http://localhost');
    if (pathname === '/') send('text/html', page);
    else if (pathname === '/worker.js') send('text/javascript', program);
    else if (pathname === '/result') {
      finish(JSON.parse(await bodyOf(request)) as Outcome);
      response.end();
    } else if (/^\/tfjs-backend-wasm[a-z-]*\.wasm$/.test(pathname)) {
      send('application/wasm', await readFile(join(binaries, pathname)));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${folder}`];
  const child = spawn(browser!, [...flags, url], { stdio: 'ignore' });
  const ended = new Promise<never>((_, reject) => {
    child.on('exit', () => reject(new Error('the browser has ended')));
  });
  try {
    return await Promise.race([outcome, ended]);
  } finally {
    ended.catch(() => {});
    const gone = new Promise((resolve) => child.on('close', resolve));
    child.kill();
    await gone;
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

describe.skipIf(browser === undefined)('in the worker of a page, from one bundle', () => {
  let together: Outcome;
  let alone: Outcome;

  beforeAll(async () => {
    const program = await bundledWorker();
    together = await trainInBrowser(program, true);
    alone = await trainInBrowser(program, false);
  });

  it('trains on several threads where the page is cross-origin isolated', () => {
    expect(together).toMatchObject({
      isolated: true,
      threads: 2,
      reason: '2 threads',
      started: 2,
      isRight: true,
    });
    expect(together.jobs).toBeGreaterThan(10);
    expect(together.losses.at(-1)).toBeLessThan(together.losses[0]!);
  });

  it('falls back to one thread where it is not, says why in a line, and gives the same bits', () => {
    expect(alone).toMatchObject({
      isolated: false,
      threads: 1,
      reason: 'one thread: this page is not cross-origin isolated, so threads cannot share memory',
      jobs: 0,
      isRight: true,
    });
    expect(alone.losses).toEqual(together.losses);
  });
});
