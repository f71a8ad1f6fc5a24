import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { placeAddon } from '../src/install/addon.ts';
import { tensorflowPlatform } from '../src/install/platform.ts';
import { type ProbeResult, probe } from '../src/install/probe.ts';
import { keptReport, script, useTemporaryFolder } from './temporary-folder.ts';

const folder = useTemporaryFolder();
const platform = tensorflowPlatform({ platform: 'linux', arch: 'x64', glibc: '2.36' }, 'cpu');
const notInstalled = (request: string): string => {
  throw new Error(`Cannot find ${request}`);
};
const parts = (resolve = notInstalled) => ({ folder: folder.path, platform, resolve });

/** Makes CXX a script that knows --version and does what is said with what it is given. */
function compiler(body: string): string {
  const file = script(folder.write('cxx', `#!/bin/sh\nif [ "$1" = --version ]; then exit 0; fi\n${body}\n`));
  chmodSync(file, 0o755);
  process.env.CXX = file;
  return file;
}

function headers(): void {
  folder.write('site-packages/tensorflow/include/tensorflow/c/c_api.h', '');
}

describe('the addon', () => {
  it('is taken compiled from the package for the platform', async () => {
    const file = folder.write('package/tfjs_binding.node', 'compiled elsewhere');
    const asked: string[] = [];
    const placed = await placeAddon(
      parts((request) => {
        asked.push(request);
        return file;
      }),
      keptReport(),
    );
    expect(asked).toEqual(['@steepest/tensorflow-linux-x64/tfjs_binding.node']);
    expect(placed.addonSource).toBe('@steepest/tensorflow-linux-x64');
    expect(readFileSync(placed.addon.path, 'utf8')).toBe('compiled elsewhere');
    expect(placed.addon.bytes).toBe('compiled elsewhere'.length);
  });

  it('is compiled with the libraries of the installation, which it finds from where it is', async () => {
    headers();
    const program = compiler('for last; do :; done; echo "$@" > "$last"');
    const { addon, addonSource } = await placeAddon(parts(), keptReport());
    expect(addonSource).toBe(program);
    const command = readFileSync(addon.path, 'utf8');
    const libraries = join(folder.path, 'site-packages/tensorflow');
    expect(command).toContain(`${join(libraries, 'libtensorflow_cc.so.2')} `);
    expect(command).toContain(`-I${join(libraries, 'include')} `);
    expect(command).toContain('-Wl,-rpath,$ORIGIN/../site-packages/tensorflow ');
  });

  it('that does not compile is said with the words of the compiler, and nothing is kept', async () => {
    headers();
    const program = compiler('echo "c_api.h: No such file" >&2; exit 1');
    await expect(placeAddon(parts(), keptReport())).rejects.toThrow(
      `${program} could not compile the addon:\nc_api.h: No such file\nIt needs C++17`,
    );
    expect(readdirSync(join(folder.path, 'addon'))).toEqual([]);
  });

  it('is not compiled without the headers of the C interface, which is said before the compiler is asked', async () => {
    compiler('echo compiled >&2; exit 1');
    await expect(placeAddon(parts(), keptReport())).rejects.toThrow(
      /include\/tensorflow\/c\/c_api\.h is missing: .*wheels of pip.*npm install @steepest\/tensorflow-linux-x64/,
    );
  });

  it('needs a compiler or the package', async () => {
    process.env.CXX = join(folder.path, 'no-such-compiler');
    await expect(placeAddon(parts(), keptReport())).rejects.toThrow(
      /no C\+\+ compiler here.*apt-get install g\+\+.*npm install @steepest\/tensorflow-linux-x64/,
    );
  });
});

describe('the process that tries an installation', () => {
  const ended = (end: { code?: number; signal?: string; stdout?: string; stderr?: string }) => async () => ({
    code: end.code,
    signal: end.signal,
    stdout: end.stdout ?? '',
    stderr: end.stderr ?? '',
  });

  it('says whether a GPU answered and what TensorFlow warns of', async () => {
    const stderr = [
      'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
      'W0000 00:00:1764450000.123456    4711 gpu_device.cc:2365] Cannot dlopen some GPU libraries.',
      '2026-11-29 21:00:00.000000: E external/xla/cuda_platform.cc:51] failed call to cuInit: 303',
    ].join('\n');
    const stdout = 'a line of something else\n{"usesGpu":false,"milliseconds":812}\n';
    const expected: ProbeResult = {
      usesGpu: false,
      milliseconds: 812,
      warnings: ['Cannot dlopen some GPU libraries.', 'failed call to cuInit: 303'],
    };
    expect(await probe('gpu.json', { device: 'gpu' }, ended({ code: 0, stdout, stderr }))).toEqual(expected);
  });

  it('that the processor ends for an unknown instruction names AVX', async () => {
    await expect(probe('cpu.json', { device: 'cpu' }, ended({ signal: 'SIGILL' }))).rejects.toThrow(
      /need AVX.*wasm/,
    );
  });

  it('that fails is told with its last words and the remedy', async () => {
    const fails = ended({ code: 1, stderr: 'libtensorflow_cc.so.2: cannot open\n' });
    await expect(probe('gpu.json', { device: 'gpu' }, fails)).rejects.toThrow(
      'TensorFlow does not work: libtensorflow_cc.so.2: cannot open\nRun `npx @steepest/cli tensorflow install --gpu` again.',
    );
    await expect(probe('cpu.json', { device: 'cpu' }, ended({ signal: 'SIGSEGV' }))).rejects.toThrow(
      'ended by SIGSEGV',
    );
  });
});
