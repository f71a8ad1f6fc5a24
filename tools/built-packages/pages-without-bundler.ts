/** Opens pages that use no bundler in Chromium, with the packages as they are published in place of the CDN. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright';
import { launchOptions, whyNoBrowser } from '../browser/chromium.ts';
import { problemsOf } from '../browser/page-checks.ts';
import { serveFolder } from '../browser/static-server.ts';
import { markers } from '../docs/marked-section.ts';
import { programs } from './bundled-programs.ts';
import { Jsdelivr } from './jsdelivr.ts';
import { installInto } from './packed.ts';

/** Trains on WebAssembly with what is fetched when it is needed: kernels, a corpus, and the code that saves. */
const onWasm = {
  code: `
import * as tf from '@tensorflow/tfjs';
import { prepareBackend } from '@steepest/backend';
import { openTextData } from '@steepest/c4-data';
import { AdamW } from '@steepest/optim-adam';

export async function main(options) {
  const { name, reason } = await prepareBackend({ backend: 'wasm', ...options });
  const source = { type: 'embedded' };
  const data = await openTextData({ source, tokenizer: 'embedded', contextLength: 8, batchSize: 2, seed: 1 });
  const weight = tf.variable(tf.ones([300]), true, 'weight');
  const optimizer = new AdamW({ learningRate: 0.25, weightDecay: 0 });
  const step = () => tf.tidy(() => optimizer.applyGradients({ weight: tf.ones([300]) }));
  step();
  const { dataId } = weight;
  step();
  return {
    name,
    threads: / on (\\d+|one) thread/.exec(reason)[1],
    // A compiled rule writes where the parameter is; operations of tfjs make a new tensor.
    isCompiled: weight.dataId === dataId,
    // Each step of Adam is the learning rate, while the gradient stays the same.
    weight: weight.arraySync()[299].toFixed(5),
    size: data.train.next().tokens.length,
    saved: Object.keys((await optimizer.state()).parameters).join(),
  };
}`,
  outcome: { name: 'wasm', threads: 'one', isCompiled: true, weight: '0.50000', size: 18, saved: 'weight' },
};

/** A page, and what it shows or reports. */
interface Opening {
  readonly title: string;
  readonly files: Readonly<Record<'index.html', string> & Record<string, string>>;
  /** Whether its threads may share memory. */
  readonly isolated?: boolean;
  /** Reads what came of it. */
  readonly read: (page: Page) => Promise<unknown>;
  /** @throws Error unless it is right */
  readonly check: (read: unknown) => void;
}

/**
 * Opens the pages of the documentation, and pages that use every package, in Chromium; where there is none, it says so.
 *
 * @param root this repository, with every package built
 * @throws Error with what a page says, or with what it shows instead of what it should
 */
export async function openPagesWithoutBundler(root: string): Promise<void> {
  if (whyNoBrowser !== undefined) {
    console.log(`pages without a bundler: skipped (${whyNoBrowser})`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'steepest-pages-'));
  try {
    const map = htmlOf(root, 'docs/browsers.md', 'import map');
    const mapped = Object.keys(JSON.parse(/\{.*\}/s.exec(map)![0]).imports);
    installInto(
      folder,
      mapped.map((name) => name.split('/').slice(0, 2).join('/')),
      root,
    );
    const cdn = new Jsdelivr([join(folder, 'node_modules'), join(root, 'node_modules')]);
    const browser = await chromium.launch(launchOptions());
    try {
      for (const opening of openings(root, map, mapped, cdn)) {
        await open(opening, join(folder, 'site'), browser, cdn);
      }
    } finally {
      await browser.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function openings(root: string, map: string, mapped: readonly string[], cdn: Jsdelivr): Opening[] {
  const addressed = (code: string) =>
    code.replaceAll(/(?<=(?:from|import) ')@[^']+(?=')/g, (name) => Jsdelivr.address + cdn.pathOf(name));
  const [wasmPaths] = /(?<=wasmPaths: ')[^']+/.exec(
    htmlOf(root, 'docs/getting-started.md', 'page with import map'),
  )!;
  const running = `<!doctype html>${map}<script type="module">
    import { main } from './program.js';
    window.outcome = main(${JSON.stringify({ wasmPaths })});
  </script>`;
  const all = { ...programs, 'on wasm': onWasm };
  const isRight = (expected: object) => (outcome: unknown) => expectEqual(outcome, expected);
  return [
    {
      title: 'the page of docs/getting-started.md',
      files: { 'index.html': htmlOf(root, 'docs/getting-started.md', 'page with import map') },
      read: shownBy,
      check: (text) => {
        const [first, last] = String(text)
          .match(/[\d.e-]+(?= |$)/g)!
          .map(Number);
        const right = lossesOfAdamW(20);
        // float32 in 20 steps.
        for (const [loss, expected] of [
          [first!, right[0]!],
          [last!, right[19]!],
        ] as const) {
          if (!(Math.abs(loss - expected) < 1e-5))
            throw new Error(`${text}, not ${right[0]} -> ${right[19]}`);
        }
      },
    },
    {
      title: 'the page of docs/browsers.md',
      files: { 'index.html': htmlOf(root, 'docs/browsers.md', 'page with addresses') },
      read: shownBy,
      // Four steps of half towards zero.
      check: (text) => expectEqual(text, '1,0'),
    },
    {
      title: 'a page that imports every name of the import map of docs/browsers.md',
      files: {
        'index.html': `<!doctype html>${map}<script type="module">
          const names = ${JSON.stringify(mapped)};
          const counts = names.map(async (name) => [name, Object.keys(await import(name)).length]);
          window.outcome = Promise.all(counts).then(Object.fromEntries);
        </script>`,
      },
      read: outcomeOf,
      check: (counts) => {
        // Two entries only register what they are.
        const empty = Object.entries(counts as Record<string, number>).filter(([, count]) => count === 0);
        expectEqual(
          empty.map(([name]) => name),
          ['@steepest/optimizer/wasm', '@steepest/optimizer/webgpu'],
        );
      },
    },
    ...Object.entries(all).flatMap(([name, { code, outcome }]) => [
      {
        title: `the program "${name}" with the import map`,
        files: { 'index.html': running, 'program.js': code },
        read: outcomeOf,
        check: isRight(outcome),
      },
      {
        title: `the program "${name}" by addresses alone`,
        files: { 'index.html': running.replace(map, ''), 'program.js': addressed(code) },
        read: outcomeOf,
        check: isRight(outcome),
      },
    ]),
    {
      title: 'a worker that imports by addresses alone',
      files: {
        'index.html': `<!doctype html><script>
          window.outcome = new Promise((resolve) => {
            const worker = new Worker('./worker.js', { type: 'module' });
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = ({ message }) => resolve(message);
          });
        </script>`,
        'worker.js': `import { main } from './program.js';
          main(${JSON.stringify({ wasmPaths, threads: 2 })}).then(postMessage, (error) => postMessage(String(error)));`,
        'program.js': addressed(onWasm.code),
      },
      isolated: true,
      read: outcomeOf,
      check: isRight({ ...onWasm.outcome, threads: '2' }),
    },
  ];
}

/** The HTML of a part of the documentation that `npm run docs` writes. */
function htmlOf(root: string, file: string, name: string): string {
  const { start, end } = markers(name);
  const part = readFileSync(join(root, file), 'utf8').split(start)[1]!.split(end)[0]!;
  return /```html\n(.*)\n```/s.exec(part)![1]!;
}

/** Serves a page and the CDN, and checks what comes of it, and that nothing is wrong on the page. */
async function open(
  { title, files, isolated = false, read, check }: Opening,
  folder: string,
  browser: Browser,
  cdn: Jsdelivr,
): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  const site = await serveFolder(folder, { isolated });
  const context = await browser.newContext();
  const problems: string[] = [];
  try {
    const page = await context.newPage();
    const said = problemsOf(page, site.address);
    page.on('console', (message) => message.type() === 'warning' && problems.push(message.text()));
    await context.route(`${Jsdelivr.address}/**`, async (route) => {
      const address = route.request().url();
      const served = await cdn.serve(address).catch((error) => ({ status: 500, body: String(error) }));
      if (served.status !== 200) problems.push(`${served.status} for ${address}: ${served.body}`);
      await route.fulfill(served);
    });
    await page.goto(site.address);
    const came = await read(page).catch((error) => String(error));
    problems.push(...said.filter((problem) => !problem.startsWith(`${Jsdelivr.address}/`)));
    if (problems.length > 0) throw new Error(problems.join('\n'));
    check(came);
  } catch (error) {
    throw new Error(`${title}: ${(error as Error).message}`);
  } finally {
    await context.close();
    site.close();
  }
}

/** What a page writes into its `output`, once it does. */
async function shownBy(page: Page): Promise<unknown> {
  const value = "document.querySelector('output').value";
  await page.waitForFunction(`${value} !== ''`);
  return page.evaluate(value);
}

/** What a page reports as `window.outcome`. */
const outcomeOf = (page: Page): Promise<unknown> => page.evaluate('window.outcome');

function expectEqual(found: unknown, expected: unknown): void {
  const [is, should] = [found, expected].map((value) => JSON.stringify(value));
  if (is !== should) throw new Error(`${is}, not ${should}`);
}

/** The losses before each step of AdamW on the regression of the page: two weights and a bias from zero, in float64. */
function lossesOfAdamW(steps: number): number[] {
  const [learningRate, beta1, beta2, epsilon, weightDecay] = [0.1, 0.9, 0.999, 1e-8, 0.01];
  // With a one for the bias, and the sum as the target.
  const inputs = [
    [0, 0, 1],
    [0, 1, 1],
    [1, 0, 1],
    [1, 1, 1],
  ] as const;
  const zeros = (): [number, number, number] => [0, 0, 0];
  const [parameters, mean, meanSquare] = [zeros(), zeros(), zeros()];
  const losses: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const errors = inputs.map(
      ([a, b, one]) => a * parameters[0]! + b * parameters[1]! + one * parameters[2]! - a - b,
    );
    losses.push(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
    for (const i of [0, 1, 2] as const) {
      const gradient =
        errors.reduce((sum, error, row) => sum + 2 * error * inputs[row]![i], 0) / errors.length;
      mean[i] = beta1 * mean[i] + (1 - beta1) * gradient;
      meanSquare[i] = beta2 * meanSquare[i] + (1 - beta2) * gradient ** 2;
      const [first, second] = [mean[i] / (1 - beta1 ** step), meanSquare[i] / (1 - beta2 ** step)];
      parameters[i] =
        (1 - learningRate * weightDecay) * parameters[i] -
        (learningRate * first) / (Math.sqrt(second) + epsilon);
    }
  }
  return losses;
}
