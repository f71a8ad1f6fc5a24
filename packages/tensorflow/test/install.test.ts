import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { type HeldLock, takeLock } from '@steepest/run-files';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from '../src/cache-folder.ts';
import { check, type InstallOptions, type InstallSteps, install, remove } from '../src/install/install.ts';
import { damageOf, findInstallation, recordPath } from '../src/installation.ts';
import { elfLibrary, makeWheel, tensorflowFiles } from './make-wheel.ts';
import { keptReport, useTemporaryFolder } from './temporary-folder.ts';

const folder = useTemporaryFolder();
const result = { usesGpu: false, milliseconds: 1, warnings: [] };

/** Steps that write what npm and the compiler would, and a process that computes as it should. */
function steps(changes: Partial<InstallSteps> = {}): InstallSteps {
  return {
    machine: { platform: 'linux', arch: 'x64', glibc: '2.36' },
    placeTfjsNode: async (target) => {
      await mkdir(target, { recursive: true });
      writeFileSync(join(target, 'package.json'), '{}');
    },
    placeAddon: async ({ folder: target }) => {
      const path = join(target, 'addon.node');
      writeFileSync(path, 'addon');
      return { addon: { path, bytes: 5 }, addonSource: 'c++' };
    },
    probe: async () => result,
    ...changes,
  };
}

function wheel(version = '2.19.1'): string {
  const path = join(folder.path, `tensorflow_cpu-${version}-cp311-cp311-manylinux_2_27_x86_64.whl`);
  makeWheel(path, {
    ...tensorflowFiles(),
    'tensorflow/libtensorflow_framework.so.2': elfLibrary('x64', version),
  });
  return path;
}

const cpu = (from: string): InstallOptions => ({ device: 'cpu', from });

describe('install', () => {
  it('unpacks the libraries and the headers of C, and records them with their sizes', async () => {
    const { installation } = await install(cpu(wheel()), keptReport(), steps());
    const home = dirname(installation.tfjsNodeFolder);
    expect(basename(home)).toMatch(/^2\.19\.1-cpu-[0-9a-f]{12}$/);
    const sitePackages = join(home, 'site-packages');
    expect(installation).toEqual({
      schemaVersion: 1,
      device: 'cpu',
      tensorflow: '2.19.1',
      tfjsNode: '4.22.0',
      tfjsNodeFolder: join(cacheFolder(), basename(home), 'tfjs-node'),
      // elfLibrary puts 64 bytes before the content.
      libraries: [
        { path: join(sitePackages, 'tensorflow/libtensorflow_cc.so.2'), bytes: 64 + 11 * 1000 },
        { path: join(sitePackages, 'tensorflow/libtensorflow_framework.so.2'), bytes: 64 + 6 },
      ],
      addon: { path: join(home, 'addon.node'), bytes: 5 },
      addonSource: 'c++',
      source: 'tensorflow_cpu-2.19.1-cp311-cp311-manylinux_2_27_x86_64.whl',
    });
    expect(findInstallation('cpu')).toEqual(installation);
    expect(damageOf(installation)).toBeUndefined();
    const include = join(sitePackages, 'tensorflow/include/tensorflow');
    expect(existsSync(join(include, 'c/c_api.h'))).toBe(true);
    expect(existsSync(join(include, 'core/framework/op.h'))).toBe(false);
  });

  it('links to the folder of Python instead of copying it', async () => {
    for (const [name, content] of Object.entries(tensorflowFiles())) folder.write(`venv/${name}`, content);
    const { installation } = await install(cpu(join(folder.path, 'venv')), keptReport(), steps());
    expect(installation.source).toBe(join(folder.path, 'venv'));
    expect(damageOf(installation)).toBeUndefined();
    const freed = await remove();
    expect(freed).toBeLessThan(64 + 11 * 1000);
    expect(existsSync(join(folder.path, 'venv/tensorflow/libtensorflow_cc.so.2'))).toBe(true);
  });

  it('notices a library that was removed or replaced', async () => {
    const { installation } = await install(cpu(wheel()), keptReport(), steps());
    writeFileSync(installation.libraries[1]!.path, 'another');
    expect(damageOf(installation)).toMatch(
      /libtensorflow_framework\.so\.2 has 7 bytes where 70 were installed\. Run `npx @steepest\/cli tensorflow install` again\.$/,
    );
    await expect(check('cpu', async () => result)).rejects.toThrow('has 7 bytes where 70');
  });

  it('uses nothing that was not computed with, and leaves what was in use', async () => {
    await install(cpu(wheel('2.20.0')), keptReport(), steps());
    const fails = steps({
      probe: async () => {
        throw new Error('ended by SIGILL');
      },
    });
    await expect(install(cpu(wheel()), keptReport(), fails)).rejects.toThrow('SIGILL');
    expect(findInstallation('cpu')?.tensorflow).toBe('2.20.0');
    expect(damageOf(findInstallation('cpu')!)).toBeUndefined();
  });

  it('resumes with what was done, and then removes what it supersedes', async () => {
    const { installation: before } = await install(cpu(wheel('2.20.0')), keptReport(), steps());
    const fails = steps({
      placeAddon: async () => {
        throw new Error('There is no C++ compiler here.');
      },
    });
    await expect(install(cpu(wheel()), keptReport(), fails)).rejects.toThrow('compiler');
    const report = keptReport();
    let fetched = 0;
    const resumed = steps({
      placeTfjsNode: async () => {
        fetched++;
      },
    });
    await install(cpu(wheel()), report, resumed);
    expect(fetched).toBe(0);
    expect(report.steps).toContainEqual(expect.stringMatching(/^unpacked before/));
    expect(findInstallation('cpu')?.tensorflow).toBe('2.19.1');
    expect(existsSync(dirname(before.tfjsNodeFolder))).toBe(false);
  });

  it('leaves an installation as it is while another wheel of the same version fails, and then takes its place', async () => {
    const { installation: before } = await install(cpu(wheel()), keptReport(), steps());
    const other = join(folder.path, 'tensorflow_cpu-2.19.1-cp310-cp310-manylinux_2_27_x86_64.whl');
    const framework = elfLibrary('x64', '012210');
    makeWheel(other, { ...tensorflowFiles(), 'tensorflow/libtensorflow_framework.so.2': framework });
    const fails = steps({
      probe: async () => {
        throw new Error('ended by SIGILL');
      },
    });
    await expect(install(cpu(other), keptReport(), fails)).rejects.toThrow('SIGILL');
    expect(findInstallation('cpu')).toEqual(before);
    expect(damageOf(before)).toBeUndefined();
    const { installation } = await install(cpu(other), keptReport(), steps());
    expect(existsSync(dirname(before.tfjsNodeFolder))).toBe(false);
    expect(readFileSync(installation.libraries[1]!.path).equals(framework)).toBe(true);
  });

  it('removes no folder outside the cache, whatever the record of the one before says', async () => {
    const { installation } = await install(cpu(wheel('2.20.0')), keptReport(), steps());
    const mine = folder.write('mine/thesis.tex', 'text');
    for (const tfjsNodeFolder of [
      mine,
      join(cacheFolder(), '..', '..', 'mine', 'x'),
      cacheFolder(),
      '/',
      7,
    ]) {
      writeFileSync(recordPath('cpu'), JSON.stringify({ ...installation, tfjsNodeFolder }));
      await install(cpu(wheel()), keptReport(), steps());
      expect(readFileSync(mine, 'utf8')).toBe('text');
      expect(damageOf(findInstallation('cpu')!)).toBeUndefined();
    }
  });

  it('keeps what is installed again, where the cache folder is relative as well', async () => {
    process.env.XDG_CACHE_HOME = relative(process.cwd(), join(folder.path, 'cache'));
    for (let time = 0; time < 2; time++) {
      const { installation } = await install(cpu(wheel()), keptReport(), steps());
      expect(damageOf(installation)).toBeUndefined();
    }
  });

  it('refuses libraries for another processor before it compiles', async () => {
    const path = join(folder.path, 'tensorflow_cpu-2.19.1-cp311-cp311-manylinux_2_27_x86_64.whl');
    makeWheel(path, tensorflowFiles('arm64'));
    const compiles = steps({
      placeAddon: async () => {
        throw new Error('compiled');
      },
    });
    await expect(install(cpu(path), keptReport(), compiles)).rejects.toThrow('is for arm64');
  });

  it('waits for another process that installs', async () => {
    await mkdir(cacheFolder(), { recursive: true });
    const { release } = (await takeLock(join(cacheFolder(), 'install.lock'))) as HeldLock;
    const report = keptReport();
    const installing = install(cpu(wheel()), report, steps());
    await expect
      .poll(() => report.steps)
      .toEqual([`process ${process.pid} on ${hostname()} is installing TensorFlow: waiting for it`]);
    expect(findInstallation('cpu')).toBeUndefined();
    await release();
    expect((await installing).installation.tensorflow).toBe('2.19.1');
  });
});

describe('check and remove', () => {
  it('say what is there, compute with it, and leave nothing', async () => {
    expect(await check('cpu', async () => result)).toBeUndefined();
    expect(await remove()).toBe(0);
    const { installation } = await install(cpu(wheel()), keptReport(), steps());
    const probed: string[] = [];
    const probe = async (record: string) => {
      probed.push(record);
      return result;
    };
    expect(await check('cpu', probe)).toEqual({ installation, result });
    expect(probed).toEqual([recordPath('cpu')]);
    expect(await remove()).toBeGreaterThan(64 + 11 * 1000);
    expect(findInstallation('cpu')).toBeUndefined();
    expect(readdirSync(join(folder.path, 'cache/steepest'))).toEqual([]);
    expect(statSync(folder.path).isDirectory()).toBe(true);
  });

  it('a record that is none is named, and an installation replaces it', async () => {
    await mkdir(cacheFolder(), { recursive: true });
    writeFileSync(recordPath('cpu'), '{"schemaVersion":1}');
    expect(() => findInstallation('cpu')).toThrow(
      /cpu\.json is not a record .*npx @steepest\/cli tensorflow install/,
    );
    await install(cpu(wheel()), keptReport(), steps());
    expect(findInstallation('cpu')?.tensorflow).toBe('2.19.1');
  });
});
