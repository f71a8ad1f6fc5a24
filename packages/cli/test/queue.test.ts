import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type BenchProcess,
  bench,
  endOf,
  losses,
  shortText,
  startBench,
  untilLines,
  untilOutput,
} from './bench-process.ts';
import { missingRedis, startRedis, type TestRedis } from './redis-server.ts';

// Seconds of silence after which a worker is taken for dead: short, so that the tests are.
const lease = ['--lease', '2'];
const trial = 'adam-lr1e-3-seed1';
// Long enough that a busy machine finds a trial still at work.
const steps = 600;
const settings = `name: far
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
budget: { steps: ${steps}, batchSize: 2, contextLength: 16 }
evaluation: { points: 3, sequences: 4 }
checkpoint: { every: 20 }
parallel: 1
optimizers:
  adam: { learningRate: 1e-3 }
`;

describe.skipIf(missingRedis)(
  `a queue on Redis${missingRedis === undefined ? '' : ` (${missingRedis})`}`,
  () => {
    let folder: string;
    let file: string;
    let experiment: string;
    let undisturbed: string[];
    let redis: TestRedis;
    const started: BenchProcess[] = [];

    function start(...args: string[]): BenchProcess {
      const process = startBench(args);
      started.push(process);
      return process;
    }
    const coordinate = (out: string, experimentFile = file) =>
      start('run', experimentFile, '--out', out, '--queue', redis.url);
    /** How a coordinator ends, all of whose workers that are left stay; an error if none is, since it would wait for ever. */
    const endOfRun = async (coordinator: BenchProcess) => {
      const others = started.filter(({ child }) => child !== coordinator.child && !child.killed);
      const left = others.filter(({ child }) => child.exitCode === null && child.signalCode === null);
      if (left.length === 0) {
        const ends = await Promise.all(others.map(({ ended }) => ended));
        throw new Error(`no worker is left: ${JSON.stringify(ends, null, 1)}`);
      }
      return endOf(coordinator, left);
    };
    const work = (...more: string[]) => start('work', '--queue', redis.url, ...lease, ...more);
    const summaryOf = async (out: string, name = trial) =>
      JSON.parse(await readFile(join(out, name, 'summary.json'), 'utf8'));

    async function experimentFile(name: string, text: string): Promise<string> {
      const path = join(folder, `${name}.yaml`);
      await writeFile(path, text);
      return path;
    }

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'lm-comparison-queue-'));
      experiment = settings + (await shortText(folder));
      file = await experimentFile('far', experiment);
      redis = await startRedis({ durable: true });
      const out = join(folder, 'undisturbed');
      expect((await bench('run', file, '--out', out)).code).toBe(0);
      undisturbed = await losses(out, trial);
    });

    afterEach(async () => {
      for (const { child } of started) child.kill('SIGKILL');
      await Promise.all(started.splice(0).map(({ ended }) => ended));
      const server = new Redis(redis.url);
      await server.flushall();
      server.disconnect();
    });

    afterAll(async () => {
      await redis.remove();
      await rm(folder, { recursive: true, force: true });
    });

    it('spreads trials over workers, shows their progress, and ends with the same losses and a report', async () => {
      const out = join(folder, 'spread');
      const two = await experimentFile('two', experiment.replace('1e-3', '[1e-3, 2e-3]'));
      const coordinator = coordinate(out, two);
      await untilOutput(
        coordinator,
        /waiting for workers: start some with the command {2}work --queue redis:/,
      );
      const workers = [work(), work()];
      const { code, output, errors } = await endOfRun(coordinator);
      expect(errors).toBe('');
      expect(code).toBe(0);
      expect(output).toMatch(/✓ adam-lr1e-3-seed1 {2}validation loss/);
      expect(output).toMatch(/✓ adam-lr2e-3-seed1 {2}validation loss/);
      expect(existsSync(join(out, 'report.html'))).toBe(true);
      expect(await losses(out, trial)).toEqual(undisturbed);
      for (const worker of workers) {
        worker.child.kill('SIGTERM');
        const end = await worker.ended;
        expect(end.code).toBe(130);
        expect(end.output).toMatch(/✓ adam-lr[12]e-3-seed1/);
      }
    });

    it('gives the trial of a worker killed with SIGKILL to another, which continues to identical losses', async () => {
      const out = join(folder, 'killed');
      const coordinator = coordinate(out);
      const first = work();
      await untilLines(out, trial, 50);
      first.child.kill('SIGKILL');
      const second = work();
      const [, step] = await untilOutput(second, /▸ adam-lr1e-3-seed1, from step (\d+)/);
      expect(Number(step)).toBeGreaterThanOrEqual(20);
      expect((await endOfRun(coordinator)).code).toBe(0);
      expect(await losses(out, trial)).toEqual(undisturbed);
      expect((await summaryOf(out)).steps).toBe(steps);
    });

    it.each([
      ['that kept its data', true],
      ['that lost everything', false],
    ])('survives a Redis server killed in mid-run and started again %s', async (_, durable) => {
      const out = join(folder, `restart-${durable}`);
      const own = await startRedis({ durable });
      try {
        const two = await experimentFile('two', experiment.replace('1e-3', '[1e-3, 2e-3]'));
        const coordinator = start('run', two, '--out', out, '--queue', own.url);
        const worker = start('work', '--queue', own.url, ...lease);
        await untilLines(out, trial, 30);
        await own.kill();
        await untilOutput(coordinator, /does not answer .*; trials at work continue/);
        await own.restart();
        await untilOutput(coordinator, /answers again/);
        const { code, output } = await endOfRun(coordinator);
        expect(output).toContain('✓ adam-lr2e-3-seed1');
        expect(code).toBe(0);
        expect(await losses(out, trial)).toEqual(undisturbed);
        // The second trial was only ever known to the server and the run files.
        expect((await summaryOf(out, 'adam-lr2e-3-seed1')).status).toBe('finished');
        expect(worker.child.exitCode).toBeNull();
      } finally {
        await own.remove();
      }
    });

    it('refuses a worker with other code, which says what differs and leaves the trial to others', async () => {
      const other = join(folder, 'other-code');
      const root = fileURLToPath(new URL('../../..', import.meta.url));
      const copy = join(other, 'packages');
      for (const name of ['cli/src', 'cli/package.json', 'experiments/src', 'experiments/package.json'])
        await cp(join(root, 'packages', name), join(copy, name), { recursive: true });
      // The command line finds the copy of the package that runs trials, and everything else where it is installed.
      const own = join(root, 'packages', 'cli', 'node_modules');
      if (existsSync(own))
        await cp(own, join(copy, 'cli', 'node_modules'), { recursive: true, dereference: true });
      await mkdir(join(copy, 'cli', 'node_modules', '@steepest'), { recursive: true });
      await symlink(join(copy, 'experiments'), join(copy, 'cli', 'node_modules', '@steepest', 'experiments'));
      await symlink(join(root, 'node_modules'), join(other, 'node_modules'));
      const changed = join(copy, 'experiments', 'src', 'training', 'create-schedule.ts');
      await writeFile(changed, `${await readFile(changed, 'utf8')}\n// Another version.\n`);

      const out = join(folder, 'refused');
      const coordinator = coordinate(out);
      const wrong = startBench(['work', '--queue', redis.url, ...lease], join(copy, 'cli', 'src', 'main.ts'));
      started.push(wrong);
      const { code, errors } = await wrong.ended;
      expect(errors).toMatch(
        /takes no trials: its code is not the coordinator's; bring both to the same commit/,
      );
      expect(errors).toMatch(/@steepest\/experiments: sources \w+ there, sources \w+ here/);
      expect(code).toBe(1);
      await untilOutput(coordinator, /worker \S+ takes no trials: its code is not the coordinator's/);
      expect(existsSync(join(out, trial))).toBe(false);

      work();
      expect((await endOfRun(coordinator)).code).toBe(0);
      expect(await losses(out, trial)).toEqual(undisturbed);
    });

    it('refuses a worker that does not see the run folder, unless --out says where it is', async () => {
      const out = join(folder, 'here', 'mounted');
      const elsewhere = join(folder, 'elsewhere');
      const coordinator = coordinate(out);
      const lost = work('--out', elsewhere);
      const { code, errors } = await lost.ended;
      expect(errors).toContain(`does not see the run folder at ${join(elsewhere, 'mounted')}`);
      expect(code).toBe(1);
      await mkdir(elsewhere);
      await symlink(out, join(elsewhere, 'mounted'));
      work('--out', elsewhere);
      expect((await endOfRun(coordinator)).code).toBe(0);
      expect(await losses(out, trial)).toEqual(undisturbed);
    });

    it('tunes on its workers, and comes to the same settings and losses as on one machine', async () => {
      const grid = '[1e-3, 1e-2, 1e-1], beta1: [0.8, 0.9]';
      const text = experiment.replace('1e-3', grid).replace(`steps: ${steps}`, 'steps: 20');
      const tunable = await experimentFile(
        'tunable',
        `${text}tune: { trials: 4, stopHopeless: { margin: 0.2 } }`,
      );
      const [here, there] = [join(folder, 'tuned-here'), join(folder, 'tuned-there')];
      expect((await bench('tune', tunable, '--out', here)).code).toBe(0);
      work();
      const { code, errors } = await endOfRun(start('tune', tunable, '--out', there, '--queue', redis.url));
      expect(errors).toBe('');
      expect(code).toBe(0);
      const tuning = async (out: string) => JSON.parse(await readFile(join(out, 'tune.json'), 'utf8'));
      expect(await tuning(there)).toEqual(await tuning(here));
      expect((await tuning(here)).optimizers[0].settings).toBe(4);
    });

    it('gives up a trial that fails again and again, says why, and finishes the others', async () => {
      const out = join(folder, 'poisoned');
      const text = experiment.replace('1e-3', '[1e-3, 2e-3]').replace(`steps: ${steps}`, 'steps: 20');
      const two = await experimentFile('poisoned', text);
      expect((await bench('run', two, '--out', out)).code).toBe(0);
      // A clumsy copy lost the metrics of one trial, and all of the other.
      await rm(join(out, trial, 'summary.json'));
      await rm(join(out, trial, 'metrics.jsonl'));
      await rm(join(out, 'adam-lr2e-3-seed1'), { recursive: true });
      // And something else uses the same queue.
      const queue = new Queue('trials', { connection: { url: redis.url }, prefix: 'steepest' });
      const strange = await queue.add('strange', { config: { trial: '../../etc' } });
      const coordinator = coordinate(out, two);
      const worker = work();
      const { code, output, errors } = await endOfRun(coordinator);
      expect(code).toBe(1);
      expect(errors).toMatch(/adam-lr1e-3-seed1 failed: .*metrics\.jsonl has 0 bytes/);
      expect(output).toContain('✓ adam-lr2e-3-seed1');
      expect(await summaryOf(out)).toMatchObject({
        status: 'failed',
        reason: expect.stringContaining('metrics.jsonl has 0 bytes'),
      });
      expect(worker.output().match(/▸ adam-lr1e-3-seed1/g)).toHaveLength(3);
      expect((await queue.getJob(strange.id!))?.failedReason).toMatch(/this job is not a trial: /);
      await queue.close();
    });

    it('gives up a trial that takes its workers with it, and keeps one that gets further each time', async () => {
      const out = join(folder, 'deadly');
      const deadly = await experimentFile('deadly', experiment.replace('every: 20', 'every: 1000'));
      const coordinator = coordinate(out, deadly);
      for (let times = 0; times < 3; times++) {
        const worker = work();
        await untilOutput(worker, /▸ adam/);
        worker.child.kill('SIGKILL');
        await worker.ended;
      }
      work();
      const { code, errors } = await endOfRun(coordinator);
      expect(code).toBe(1);
      expect(errors).toContain(
        'its worker was lost 3 times in a row at step 0, with no checkpoint in between',
      );
      expect(await summaryOf(out)).toMatchObject({
        status: 'failed',
        reason: expect.stringContaining('lost 3 times in a row'),
      });
      // What failed is taken up again by the next run, as everywhere.
      expect((await endOfRun(coordinate(out, deadly))).code).toBe(0);
      expect(await losses(out, trial)).toEqual(undisturbed);
    });

    it('stops workers with a checkpoint at Ctrl-C of the coordinator, and continues to identical losses', async () => {
      const out = join(folder, 'stopped');
      const coordinator = coordinate(out);
      const worker = work();
      await untilLines(out, trial, 30);
      coordinator.child.kill('SIGINT');
      const { code, output } = await endOfRun(coordinator);
      expect(code).toBe(130);
      expect(output).toContain('to continue:');
      expect((await summaryOf(out)).status).toBe('interrupted');
      expect((await endOfRun(coordinate(out))).code).toBe(0);
      expect(await losses(out, trial)).toEqual(undisturbed);
      expect(worker.child.exitCode).toBeNull();
    });

    it('continues when the coordinator is gone, and the same command shows it again', async () => {
      const out = join(folder, 'left');
      const coordinator = coordinate(out);
      work();
      await untilLines(out, trial, 30);
      coordinator.child.kill('SIGTERM');
      const { code, output } = await endOfRun(coordinator);
      expect(code).toBe(130);
      expect(output).toContain('The workers continue; to follow them again:');
      const before = (await losses(out, trial)).length;
      await untilLines(out, trial, Math.min(before + 5, undisturbed.length));
      expect((await endOfRun(coordinate(out))).code).toBe(0);
      expect(await losses(out, trial)).toEqual(undisturbed);
    });

    it('says which server cannot be reached, without its password', async () => {
      const { code, errors } = await bench('work', '--queue', 'redis://user:secret@127.0.0.1:1');
      expect(errors).toMatch(
        /cannot reach a Redis server at redis:\/\/user:\*\*\*@127\.0\.0\.1:1.*ECONNREFUSED/,
      );
      expect(code).toBe(1);
      const wrong = await bench('run', file, '--queue', 'localhost');
      expect(wrong.errors).toContain('--queue must be an address such as redis://localhost:6379');
      expect(wrong.code).toBe(1);
    });
  },
);
