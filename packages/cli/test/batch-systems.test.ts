import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sealJson } from '@steepest/run-files';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import {
  bench,
  endedMidway,
  losses,
  shortText,
  startBench,
  untilLines,
  untilOutput,
  writer,
} from './bench-process.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const slurm = join(root, 'examples', 'slurm');
const trials = ['adam-lr1e-3-seed1', 'adam-lr2e-3-seed1'];
const settings = `name: batch
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
budget: { steps: 300, batchSize: 2, contextLength: 16 }
evaluation: { points: 3, sequences: 4 }
checkpoint: { every: 10 }
optimizers:
  adam: { learningRate: [1e-3, 2e-3] }
`;

let folder: string;
let file: string;
let experiment: string;
let whole: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lm-comparison-batch-'));
  file = join(folder, 'batch.yaml');
  experiment = settings + (await shortText(folder));
  await writeFile(file, experiment);
  whole = join(folder, 'whole');
  expect((await bench('run', file, '--out', whole)).code).toBe(0);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function planned(name: string, planFile = file): Promise<string> {
  const out = join(folder, name);
  const { code, output } = await bench('plan', planFile, '--out', out);
  expect(code).toBe(0);
  expect(output).toContain(`0  ${trials[0]}\n1  ${trials[1]}\n2 trials, 0 to 1;`);
  return out;
}

describe('a plan', () => {
  it('numbers the trials, and each run by its number comes to the losses of a whole run', async () => {
    const out = await planned('numbered');
    for (const [index, trial] of trials.entries()) {
      const { code, output } = await bench('run', '--trial', String(index), '--out', out);
      expect(output).toMatch(new RegExp(`✓ ${trial} {2}validation loss`));
      expect(code).toBe(0);
      expect(await losses(out, trial)).toEqual(await losses(whole, trial));
    }
    const again = await bench('run', '--trial', '1', '--out', out);
    expect([again.code, again.output]).toEqual([0, expect.stringContaining(`✓ ${trials[1]}`)]);
    expect((await bench('report', out)).code).toBe(0);
  });

  it('says what is wrong with a number, a folder or other code', async () => {
    const out = await planned('wrong');
    expect((await bench('run', '--trial', '2', '--out', out)).errors).toContain(
      'has no trial 2: its trials are 0 to 1',
    );
    expect((await bench('run', '--trial', '0')).code).toBe(2);
    const empty = await bench('run', '--trial', '0', '--out', folder);
    expect(empty.errors).toMatch(/cannot read .*plan\.json: ENOENT.*make it with the command {2}plan/);
    const { checksum: _, ...plan } = JSON.parse(await readFile(join(out, 'plan.json'), 'utf8'));
    plan.code['@steepest/trainer'] = 'sources 0123456789ab';
    await writeFile(join(out, 'plan.json'), sealJson(plan));
    const { code, errors } = await bench('run', '--trial', '0', '--out', out);
    expect(errors).toMatch(
      /made by other code than this.*\n {2}@steepest\/trainer: sources 0123456789ab there/,
    );
    expect(code).toBe(1);
    const edited = sealJson(plan).replace('"learningRate":', '"learningRate":1');
    await writeFile(join(out, 'plan.json'), edited);
    expect((await bench('run', '--trial', '0', '--out', out)).errors).toMatch(
      /plan\.json is damaged or was edited: .*; make it again with the command {2}plan/,
    );
  });

  it('lets one process at a time train a trial, says who does, and may be stopped while it waits', async () => {
    const endless = join(folder, 'endless.yaml');
    await writeFile(endless, experiment.replace('steps: 300', 'steps: 100000'));
    const out = await planned('twice', endless);
    const first = startBench(['run', '--trial', '0', '--out', out]);
    await untilLines(out, trials[0]!, 2);
    const second = startBench(['run', '--trial', '0', '--out', out]);
    await untilOutput(second, /waiting for process \d+ on .+, which is still training it/);
    second.child.kill('SIGTERM');
    const stopped = await second.ended;
    expect(stopped.output).toContain(`‖ ${trials[0]}  interrupted`);
    expect(stopped.code).toBe(130);
    first.child.kill('SIGTERM');
    const { code, output } = await first.ended;
    expect(output).toContain(`‖ ${trials[0]}  interrupted`);
    expect(code).toBe(130);
  });
});

describe.skipIf(process.platform === 'win32')('the Slurm example', () => {
  it('plans, submits an array of as many tasks as trials, and a report after it', async () => {
    const commands = await standIns({ sbatch: 'printf "%s\\n" "$*" >> "$CALLS"; echo 4711' });
    const out = join(folder, 'submitted');
    const { status, stdout, stderr } = spawnSync(join(slurm, 'submit.sh'), [file, out, '--partition=short'], {
      cwd: root,
      env: commands.environment,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('array 4711: 2 trials');
    const [array, report] = (await readFile(commands.calls, 'utf8')).trim().split('\n');
    expect(array).toBe(
      `--parsable --array=0-1 --output=${out}/logs/%A_%a.log --partition=short ${join(slurm, 'trial.sh')} ${out}`,
    );
    expect(report).toContain('--dependency=afterany:4711');
  });

  it('stops a task with a checkpoint at SIGTERM, queues it again, and continues to identical losses', async () => {
    const out = join(folder, 'requeued');
    const commands = await standIns({ scontrol: 'printf "%s\\n" "$*" >> "$CALLS"' });
    const environment = {
      ...commands.environment,
      SLURM_SUBMIT_DIR: root,
      SLURM_ARRAY_JOB_ID: '4711',
      SLURM_ARRAY_TASK_ID: '1',
    };
    const task = () => writer(spawn(join(slurm, 'trial.sh'), [out], { env: environment, stdio: 'ignore' }));
    const ended = await endedMidway(out, trials[1]!, async () => {
      await planned('requeued');
      const first = task();
      await untilLines(out, trials[1]!, 10);
      first.kill('SIGTERM');
      return new Promise((resolve) => first.once('close', resolve));
    });
    expect(ended).toBe(130);
    expect(await readFile(commands.calls, 'utf8')).toBe('requeue 4711_1\n');
    expect(await new Promise((resolve) => task().once('close', resolve))).toBe(0);
    expect(await losses(out, trials[1]!)).toEqual(await losses(whole, trials[1]!));
  });
});

describe('the Kubernetes example', () => {
  it.each(['plan', 'trials'])('%s.yaml has only fields of a Job of batch/v1', async (name) => {
    job.parse(parse(await readFile(join(root, 'examples', 'kubernetes', `${name}.yaml`), 'utf8')));
  });

  it('runs each index as the trial of its number, and takes no preemption for a failure', async () => {
    const { spec } = job.parse(
      parse(await readFile(join(root, 'examples', 'kubernetes', 'trials.yaml'), 'utf8')),
    );
    expect(spec.completionMode).toBe('Indexed');
    expect(spec.template.spec.containers[0]?.args).toEqual([
      ...['run', '--trial', '$(JOB_COMPLETION_INDEX)'],
      ...['--out', '/runs/quick'],
    ]);
    expect(spec.podFailurePolicy?.rules.filter(({ action }) => action === 'Ignore')).toHaveLength(2);
  });
});

/** Commands of Slurm that only note how they are called, before all others in the PATH. */
async function standIns(scripts: Record<string, string>) {
  const bin = await mkdtemp(join(folder, 'bin-'));
  for (const [name, body] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(bin, name), 0o755);
  }
  const calls = join(bin, 'calls');
  return {
    calls,
    environment: { ...process.env, CALLS: calls, PATH: `${bin}${delimiter}${process.env.PATH}` },
  };
}

/** The fields the examples use, as the API reference of batch/v1 and core/v1 has them; any other is an error. */
const count = z.int().min(0);
const exitCodes = z.strictObject({
  containerName: z.string(),
  operator: z.enum(['In', 'NotIn']),
  values: z.array(z.int().min(1).max(255)),
});
const rule = z.union([
  z.strictObject({ action: z.enum(['Ignore', 'FailJob', 'FailIndex', 'Count']), onExitCodes: exitCodes }),
  z.strictObject({
    action: z.enum(['Ignore', 'FailJob', 'FailIndex', 'Count']),
    onPodConditions: z.array(z.strictObject({ type: z.string(), status: z.string().optional() })),
  }),
]);
const container = z.strictObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()),
  resources: z.strictObject({ requests: z.strictObject({ cpu: z.string(), memory: z.string() }) }),
  volumeMounts: z.array(z.strictObject({ name: z.string(), mountPath: z.string() })),
});
const job = z.strictObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata: z.strictObject({ name: z.string().regex(/^[a-z0-9-]+$/) }),
  spec: z.strictObject({
    completionMode: z.enum(['Indexed', 'NonIndexed']).optional(),
    completions: count.optional(),
    parallelism: count.optional(),
    backoffLimit: count.optional(),
    backoffLimitPerIndex: count.optional(),
    maxFailedIndexes: count.optional(),
    podFailurePolicy: z.strictObject({ rules: z.array(rule) }).optional(),
    template: z.strictObject({
      spec: z.strictObject({
        // A pod failure policy allows no other.
        restartPolicy: z.literal('Never'),
        terminationGracePeriodSeconds: count.optional(),
        containers: z.array(container).min(1),
        volumes: z.array(
          z.strictObject({
            name: z.string(),
            persistentVolumeClaim: z.strictObject({ claimName: z.string() }),
          }),
        ),
      }),
    }),
  }),
});
