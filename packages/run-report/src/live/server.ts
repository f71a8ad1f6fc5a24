import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { foldersIn } from '@steepest/run-files';
import { chartData, type ReportCharts } from '../charts/chart-data.ts';
import { collectResults, experimentFiles, trialFiles } from '../collecting/collect-results.ts';
import { type Html, html } from '../html.ts';
import type { LiveResults } from '../page/browser/live.ts';
import { pageContent, renderDocument } from '../page/report-page.ts';
import { pageAssets } from '../page-files.ts';

/** A page on this machine that follows a run. */
export interface LiveServer {
  /** Address of the page. */
  readonly url: string;
  close(): Promise<void>;
}

/** Milliseconds between looks at the run files. */
const lookMilliseconds = 1000;
/** The page's content and charts as they are now, or why there are none. */
type LivePage = { readonly content: Html; readonly charts: ReportCharts } | { readonly problem: string };

const noCharts: ReportCharts = { optimizers: [], sweeps: [], baseline: null, ngrams: [] };

/**
 * Serves the report of a folder on 127.0.0.1 and sends it anew to every open page when a run file changes.
 * @param port 0 for any free one
 * @throws when the port is taken
 */
export async function serveLive(outDirectory: string, port = 0): Promise<LiveServer> {
  const clients = new Set<ServerResponse>();
  const assets = await pageAssets();
  let seen = '';
  let latest: LivePage = { problem: 'the run has not started yet' };

  async function look(): Promise<void> {
    const state = await fingerprint(outDirectory);
    if (state === seen) return;
    latest = await currentResults(outDirectory);
    seen = state;
    for (const client of clients) client.write(message(latest));
  }

  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  async function follow(): Promise<void> {
    const began = performance.now();
    await look();
    // A run of thousands of trials takes longer to read than a second: half of the time is left to the training.
    if (!closed) timer = setTimeout(follow, Math.max(lookMilliseconds, performance.now() - began));
  }
  await follow();

  const server = createServer((request, response) => {
    if (!isLocal(request)) {
      response.writeHead(403).end('this page is for the machine it runs on');
    } else if (request.url === '/') {
      const problem = 'problem' in latest ? latest.problem : undefined;
      const { content, charts } =
        'problem' in latest ? { content: html`<p>${latest.problem}</p>`, charts: noCharts } : latest;
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
      const title = `Live: ${basename(resolve(outDirectory))}`;
      response.end(renderDocument({ title: problem ?? title, content, charts, assets, live: true }));
    } else if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(message(latest));
      clients.add(response);
      response.on('close', () => clients.delete(response));
    } else {
      response.writeHead(404).end('there is only one page: /');
    }
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', listening);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      closed = true;
      clearTimeout(timer);
      for (const client of clients) client.end();
      return new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      });
    },
  };
}

async function currentResults(outDirectory: string): Promise<LivePage> {
  try {
    const results = await collectResults(outDirectory, { live: true });
    const charts = chartData(results);
    return { content: pageContent(results, charts), charts };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

function message(latest: LivePage): string {
  if ('problem' in latest) return `event: problem\ndata: ${JSON.stringify(latest.problem)}\n\n`;
  const results: LiveResults = { content: latest.content.toString(), charts: latest.charts };
  return `event: results\ndata: ${JSON.stringify(results)}\n\n`;
}

/** Another site that resolves its name to this machine cannot read the page: the browser says whom it asks for. */
function isLocal({ headers }: IncomingMessage): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(headers.host ?? '');
}

/** Sizes and times of every run file: what changes when a run continues. */
async function fingerprint(outDirectory: string): Promise<string> {
  const folders = await foldersIn(outDirectory).catch(() => []);
  const files = folders.flatMap((folder) => trialFiles.map((file) => join(folder, file)));
  const states = await Promise.all(
    [...experimentFiles, ...files].map((file) =>
      stat(join(outDirectory, file)).then(
        ({ size, mtimeMs }) => `${file} ${size} ${mtimeMs}`,
        () => '',
      ),
    ),
  );
  return states.filter((state) => state !== '').join('\n');
}
