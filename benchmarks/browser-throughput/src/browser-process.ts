// A subject in a browser of its own: `browser-process.ts SUBJECT BACKEND THREADS FOLDER`. It speaks as subject-process.ts of
// training-throughput does: lines of standard input, a number of steps or "end", each answered with one line of JSON.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TimedStep } from '@steepest/training-throughput/child.ts';
import { type Browser, type CDPSession, chromium, type Page } from 'playwright';
import { launchOptions, whyNoBrowser } from '../../../tools/browser/chromium.ts';
import { serveFolder } from '../../../tools/browser/static-server.ts';
import { type SubjectName, writePage } from './page.ts';
import type { Answer, BrowserBackend, Request } from './workers/serve.ts';

function say(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function ask(page: Page, request: Request): Promise<Answer> {
  const answer = (await page.evaluate(`ask(${JSON.stringify(request)})`)) as Answer;
  if ('error' in answer) throw new Error(answer.error);
  return answer;
}

interface ProcessInfo {
  readonly id: number;
  readonly cpuTime: number;
}

/** All processes of the browser; processor time in seconds. */
async function processesOf(session: CDPSession): Promise<readonly ProcessInfo[]> {
  return (await session.send('SystemInfo.getProcessInfo')).processInfo;
}

async function processorMilliseconds(session: CDPSession): Promise<number> {
  return 1000 * (await processesOf(session)).reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** The most memory that the processes of the browser have held, each at its own time; 0 where the system does not tell. */
async function peakBytes(session: CDPSession): Promise<number> {
  const peaks = (await processesOf(session)).map(({ id }) => {
    try {
      return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return peaks.reduce((sum, peak) => sum + peak, 0);
}

async function run(page: Page, session: CDPSession, count: number): Promise<readonly TimedStep[]> {
  const before = await processorMilliseconds(session);
  const answer = (await ask(page, { steps: count })) as Extract<Answer, { steps: unknown }>;
  const each = ((await processorMilliseconds(session)) - before) / count;
  return answer.steps.map((step) => ({ ...step, processorMilliseconds: each }));
}

async function main(
  subject: SubjectName,
  backend: BrowserBackend,
  threads: string,
  folder: string,
): Promise<void> {
  if (whyNoBrowser !== undefined) return say({ missing: whyNoBrowser });
  try {
    await writePage(folder, subject);
  } catch (error) {
    if (subject === 'nanogpt') return say({ missing: (error as Error).message.split('\n')[0] });
    throw error;
  }
  const site = await serveFolder(folder, { isolated: true });
  const browser: Browser = await chromium.launch(launchOptions());
  try {
    const page = await browser.newPage();
    await page.goto(`${site.address}/${subject}/`);
    const started = await ask(page, { backend, threads: Number(threads) });
    if ('missing' in started) return say(started);
    const session = await browser.newBrowserCDPSession();
    say({ version: `Chromium ${browser.version().split('.')[0]}` });
    for await (const line of createInterface({ input: process.stdin })) {
      if (line === 'end') break;
      say({ steps: await run(page, session, Number(line)) });
    }
    say({ peakBytes: await peakBytes(session) });
  } finally {
    await browser.close();
    site.close();
  }
}

await main(...(process.argv.slice(2) as [SubjectName, BrowserBackend, string, string]));
