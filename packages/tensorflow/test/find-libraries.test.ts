import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { findLibraries } from '../src/install/find-libraries.ts';
import { tensorflowPlatform } from '../src/install/platform.ts';
import { elfLibrary, makeWheel, tensorflowFiles } from './make-wheel.ts';
import { keptReport, script, useTemporaryFolder } from './temporary-folder.ts';

const machine = { platform: 'linux', arch: 'x64', glibc: '2.36' };
const folder = useTemporaryFolder();

function wanted(device: 'cpu' | 'gpu' = 'cpu', version?: string) {
  return { device, version, machine, platform: tensorflowPlatform(machine, device) };
}

const find = (from: string | undefined, options = wanted(), report = keptReport()) =>
  findLibraries(from, options, join(folder.path, 'wheels'), report);

/** Puts files into a folder and returns its path. */
function place(name: string, files: Readonly<Record<string, string | Buffer>>): string {
  const path = join(folder.path, name);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  return path;
}

/** A Python that has what is said, and whose `pip download` writes a file of that name, or fails without one. */
function python(answer: object, wheelName?: string): void {
  const download =
    wheelName === undefined
      ? 'echo "ERROR: no network" >&2; exit 1'
      : `while [ "$1" != --dest ]; do shift; done; echo wheel > "$2/${wheelName}"`;
  const text = `#!/bin/sh\nif [ "$1" = -c ]; then echo '${JSON.stringify(answer)}'; exit 0; fi\n${download}\n`;
  process.env.PYTHON = script(folder.write('python', text));
}

beforeEach(() => {
  // No Python but that of the test, whose scripts use what the shell has built in.
  process.env.PATH = folder.path;
  python({ major: 3, pip: false, tensorflow: null });
});

describe('the libraries', () => {
  it.each([
    ['site-packages', '', ''],
    ['the folder of the package', '', '/tensorflow'],
    ['a virtual environment', '/lib/python3.11/site-packages', ''],
  ])('are found in %s', async (_name, inside, given) => {
    const top = place('python-packages', {});
    const sitePackages = place(`python-packages${inside}`, tensorflowFiles());
    expect(await find(given === '' ? top : join(sitePackages, 'tensorflow')).catch(String)).toEqual(
      expect.objectContaining({
        kind: 'folder',
        sitePackages,
        version: '2.19.1',
        pythonPackage: 'tensorflow_cpu',
      }),
    );
  });

  it.each([
    ['without TensorFlow', { 'numpy/__init__.py': '' }, wanted(), /holds no TensorFlow/],
    ['of unknown version', { 'tensorflow/__init__.py': '' }, wanted(), /no tensorflow-VERSION\.dist-info/],
    [
      'of another version',
      tensorflowFiles(),
      wanted('cpu', '2.15.1'),
      /holds TensorFlow 2\.19\.1, and 2\.15\.1/,
    ],
    ['without GPU kernels', tensorflowFiles(), wanted('gpu'), /tensorflow_cpu, which has no GPU kernels/],
    ['for another processor', tensorflowFiles('arm64'), wanted(), /is for arm64, and this machine is x64/],
    [
      'that is older than its C++ library',
      { 'tensorflow/x': '', 'tensorflow-2.9.1.dist-info/METADATA': '' },
      wanted(),
      /TensorFlow 2\.9\.1 has no libtensorflow_cc\.so\.2.*--tensorflow 2\.19\.1/,
    ],
  ])('are refused in a folder %s', async (_name, files, options, message) => {
    await expect(find(place('packages', files), options)).rejects.toThrow(message);
  });

  it.each([
    ['tensorflow_cpu-2.19.1-cp311-cp311-manylinux_2_39_x86_64.whl', wanted(), /is for manylinux_2_39_x86_64/],
    ['tensorflow-2.19.1-cp311-cp311-manylinux_2_27_aarch64.whl', wanted(), /is for manylinux_2_27_aarch64/],
    ['tensorflow_cpu-2.19.1-cp311-cp311-win_amd64.whl', wanted(), /is for win_amd64/],
    ['numpy-2.0.0-cp311-cp311-manylinux_2_27_x86_64.whl', wanted(), /package numpy, not tensorflow/],
    ['tensorflow_cpu-2.19.1-cp311-cp311-manylinux_2_27_x86_64.whl', wanted('gpu'), /no GPU kernels/],
    [
      'tensorflow_cpu-2.19.1-cp311-cp311-manylinux_2_27_x86_64.whl',
      wanted('cpu', '2.20.0'),
      /2\.20\.0 was asked/,
    ],
  ])('are refused in %s', async (name, options, message) => {
    await expect(find(folder.write(name, ''), options)).rejects.toThrow(message);
  });

  it('must be there', async () => {
    const name = 'tensorflow_cpu-2.19.1-cp311-cp311-manylinux_2_27_x86_64.whl';
    await expect(find(join(folder.path, name))).rejects.toThrow(/does not exist/);
    await expect(find(join(folder.path, 'nothere.whl'))).rejects.toThrow(/nothere\.whl does not exist/);
  });

  it("are those of the installed Python's TensorFlow, and nothing is downloaded", async () => {
    const sitePackages = place('python-packages', tensorflowFiles());
    python({ major: 3, pip: true, tensorflow: join(sitePackages, 'tensorflow') });
    expect(await find(undefined)).toMatchObject({ kind: 'folder', sitePackages });
  });

  it('are downloaded where the installed TensorFlow does not do, which is said', async () => {
    const sitePackages = place('python-packages', { ...tensorflowFiles('arm64') });
    const name = 'tensorflow_cpu-2.19.1-cp311-cp311-manylinux_2_27_x86_64.whl';
    python({ major: 3, pip: true, tensorflow: join(sitePackages, 'tensorflow') }, name);
    const report = keptReport();
    const wheels = [join(folder.path, 'wheels', name)];
    expect(await find(undefined, wanted(), report)).toEqual({ kind: 'wheels', version: '2.19.1', wheels });
    expect(report.steps[0]).toMatch(/^Python's TensorFlow is not used: .* is for arm64/);
    expect(readdirSync(join(folder.path, 'wheels'))).toEqual([name]);
  });

  it('are those of a wheel that was downloaded before, also where there is no Python', async () => {
    rmSync(process.env.PYTHON!);
    const name = 'tensorflow_cpu-2.20.0-cp310-cp310-manylinux_2_17_x86_64.whl';
    const wheel = folder.write(`wheels/${name}`, 'wheel');
    expect(await find(undefined, wanted('cpu', '2.20.0'))).toMatchObject({ wheels: [wheel] });
  });

  it('come with those of CUDA for a GPU', async () => {
    const tensorflow = join(folder.path, 'wheels/tensorflow-2.19.1-cp311-cp311-manylinux_2_27_x86_64.whl');
    const cublas = folder.write('wheels/nvidia_cublas_cu12-12.5.3.2-py3-none-manylinux2014_x86_64.whl', '');
    makeWheel(tensorflow, {
      'tensorflow-2.19.1.dist-info/METADATA':
        'Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"\n',
    });
    expect(await find(undefined, wanted('gpu'))).toMatchObject({ wheels: [tensorflow, cublas] });
  });

  it('need pip, or a wheel from another machine', async () => {
    await expect(find(undefined)).rejects.toThrow(
      /python has no pip\. Install Python 3 with pip .*pip download --no-deps tensorflow-cpu==2\.19\.1` .*--from WHEEL/,
    );
    rmSync(process.env.PYTHON!);
    await expect(find(undefined)).rejects.toThrow(/There is no Python 3 here\. Install/);
  });

  it('are not there where pip fails, whose words are told and nothing is kept', async () => {
    python({ major: 3, pip: true, tensorflow: null });
    await expect(find(undefined)).rejects.toThrow(
      /pip could not download tensorflow-cpu==2\.19\.1:\nERROR: no network\nWhere there is no network/,
    );
    expect(readdirSync(join(folder.path, 'wheels'))).toEqual([]);
  });

  it('of an unknown kind are refused', async () => {
    const files = { ...tensorflowFiles(), 'tensorflow/libtensorflow_cc.so.2': Buffer.alloc(64) };
    await expect(find(place('packages', files))).rejects.toThrow(/is for an unknown processor/);
    const library = elfLibrary('x64');
    library.writeUInt16LE(3, 18); // EM_386
    const old = { ...tensorflowFiles(), 'tensorflow/libtensorflow_cc.so.2': library };
    await expect(find(place('packages', old))).rejects.toThrow(/is for an unknown processor/);
  });
});
