import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LiveServer, serveLive } from '../src/live/server.ts';
import { EXPERIMENT, trialId, writeRuns } from './synthetic-runs.ts';

const running = { optimizer: 'adam', learningRate: 1e-3, killed: true };
let directory: string;
let server: LiveServer;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'steepest-live-'));
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

/** Events of the page's stream, one at a time. */
async function* events(url: string): AsyncGenerator<{ name: string; data: unknown }> {
  const reader = (await fetch(`${url}events`)).body!.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [name, data] = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      yield { name: name!.replace('event: ', ''), data: JSON.parse(data!.replace('data: ', '')) };
    }
  }
}

function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('the live page', () => {
  it('says at its top how far the run is: trials that ended, those at work, and the time left', async () => {
    const budget = { steps: 800, batchSize: 8, contextLength: 64 };
    const trials = [
      { ...running, config: { budget } },
      { optimizer: 'adam', learningRate: 1e-2, loss: 5 },
    ];
    await writeRuns(directory, trials, { ...EXPERIMENT, trials: 4 });
    server = await serveLive(directory);
    const page = await (await fetch(server.url)).text();
    const [, progress] = /<section class="progress">([\s\S]*?)<\/section>/.exec(page)!;
    // 200 of 800 steps of 0.2 s are done: 120 s are left of this trial, and two of 160 s wait for its place.
    expect(progress).toContain('1 of 4 trials have ended, 1 at work, about 7 min 20 s left.');
    expect(progress).toContain('value="0.313"');
    expect(progress).toMatch(/<th scope="row">adam-lr0\.001-seed1<\/th><td class="number">200 of 800<\/td>/);
    expect(page.indexOf('class="progress"')).toBeLessThan(page.indexOf('<h2>Ranking'));
  });

  it('says what is known where more trials follow from the losses of others', async () => {
    const trials = [running, { optimizer: 'adam', learningRate: 1e-2, loss: 5 }];
    const progressOf = async (experiment: object) => {
      await writeRuns(directory, trials, { ...EXPERIMENT, ...experiment });
      server = await serveLive(directory);
      const page = await (await fetch(server.url)).text();
      await server.close();
      return /<section class="progress">([\s\S]*?)<\/section>/.exec(page)![1]!;
    };
    const search = await progressOf({ trials: 4, trialsFollow: true });
    expect(search).toMatch(
      /1 of 4 trials have ended, 1 at work, .* left\. More trials may follow from their losses\./,
    );
    const tuning = await progressOf({ trialsFollow: true });
    expect(tuning).toContain('1 trial has ended, 1 at work. How many follow depends on their losses.');
    expect(tuning).not.toContain('<progress');
    const unknown = await progressOf({});
    expect(unknown).toContain('<p>1 trial has ended, 1 at work.</p>');
  });

  it('follows a run: trials at work are running, and every new line is sent', async () => {
    await writeRuns(directory, [running]);
    server = await serveLive(directory);
    const page = await (await fetch(server.url)).text();
    expect(page).toContain('id="live"');
    expect(page).toContain('<span class="status running">running</span>');
    const stream = events(server.url);
    const first = (await stream.next()).value as { name: string; data: LiveData };
    expect(first.name).toBe('results');
    expect(first.data.charts.optimizers[0]!.trials[0]!.train.at(-1)![0]).toBe(200);
    const line = { kind: 'train', step: 201, tokens: 102_912, seconds: 41, loss: 4.9 };
    await appendFile(join(directory, trialId(running), 'metrics.jsonl'), `${JSON.stringify(line)}\n`);
    const next = (await stream.next()).value as { data: LiveData };
    expect(next.data.charts.optimizers[0]!.trials[0]!.train.at(-1)).toEqual([201, 102_912, 41, 4.9]);
    await stream.return(undefined);
  });

  it('shows what tuning found as soon as it is written', async () => {
    await writeRuns(directory, [{ optimizer: 'adam', learningRate: 1e-3 }]);
    server = await serveLive(directory);
    const stream = events(server.url);
    const contentOf = async () => ((await stream.next()).value as { data: { content: string } }).data.content;
    expect(await contentOf()).not.toContain('<h2>Tuning</h2>');
    const tuning = { schemaVersion: 1, experiment: 'quick', optimizers: [] };
    // Whole at once, as `tune` writes it.
    await writeFile(join(directory, 'tune.json.new'), JSON.stringify(tuning));
    await rename(join(directory, 'tune.json.new'), join(directory, 'tune.json'));
    expect(await contentOf()).toContain('<h2>Tuning</h2>');
    await stream.return(undefined);
  });

  it('waits for a run that has not started, and says so', async () => {
    server = await serveLive(join(directory, 'later'));
    const stream = events(server.url);
    expect(await stream.next()).toMatchObject({
      value: { name: 'problem', data: expect.stringContaining('not started') },
    });
    await writeRuns(join(directory, 'later'), [running]);
    expect(await stream.next()).toMatchObject({ value: { name: 'results' } });
    await stream.return(undefined);
  });

  it('is for this machine only, under its own name', async () => {
    server = await serveLive(directory);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect(await statusFor(server.url, 'elsewhere.example')).toBe(403);
    expect(await statusFor(server.url, 'localhost:1234')).toBe(200);
    expect((await fetch(`${server.url}etc/passwd`)).status).toBe(404);
  });

  it('says which port is taken', async () => {
    server = await serveLive(directory);
    const port = Number(new URL(server.url).port);
    await expect(serveLive(directory, port)).rejects.toThrow(/EADDRINUSE/);
  });
});

interface LiveData {
  readonly charts: { readonly optimizers: { readonly trials: { readonly train: number[][] }[] }[] };
}
