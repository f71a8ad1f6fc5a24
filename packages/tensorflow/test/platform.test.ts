import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from '../src/cache-folder.ts';
import { tensorflowPlatform } from '../src/install/platform.ts';
import { parseWheelName } from '../src/install/wheel-name.ts';

describe('a platform', () => {
  it('is Linux with glibc, whose version says which wheels run', () => {
    const platform = tensorflowPlatform({ platform: 'linux', arch: 'x64', glibc: '2.19' }, 'cpu');
    // PEP 600: manylinux_2_N runs with glibc 2.N and later; manylinux2014 is manylinux_2_17.
    expect(platform).toEqual({
      name: 'linux-x64',
      pythonPackage: 'tensorflow-cpu',
      wheelTags: [
        'manylinux_2_17_x86_64',
        'manylinux_2_18_x86_64',
        'manylinux_2_19_x86_64',
        'manylinux2014_x86_64',
      ],
      libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
    });
  });

  it('takes the package that has the library for its device', () => {
    const x64 = { platform: 'linux', arch: 'x64', glibc: '2.36' };
    expect(tensorflowPlatform(x64, 'gpu').pythonPackage).toBe('tensorflow');
    expect(tensorflowPlatform({ ...x64, arch: 'arm64' }, 'cpu')).toMatchObject({
      name: 'linux-arm64',
      pythonPackage: 'tensorflow',
      wheelTags: expect.arrayContaining(['manylinux_2_27_aarch64']),
    });
    expect(tensorflowPlatform({ platform: 'darwin', arch: 'arm64', glibc: undefined }, 'cpu')).toMatchObject({
      name: 'darwin-arm64',
      pythonPackage: 'tensorflow',
      libraries: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
    });
  });

  it.each([
    ['musl', { platform: 'linux', arch: 'x64', glibc: undefined }, 'cpu', /has no glibc.*Debian/],
    ['Windows', { platform: 'win32', arch: 'x64', glibc: undefined }, 'cpu', /win32 on x64.*WSL 2/],
    ['macOS on x64', { platform: 'darwin', arch: 'x64', glibc: undefined }, 'cpu', /darwin on x64.*wasm/],
    ['a GPU on macOS', { platform: 'darwin', arch: 'arm64', glibc: undefined }, 'gpu', /without --gpu/],
    ['a GPU on arm64', { platform: 'linux', arch: 'arm64', glibc: '2.36' }, 'gpu', /without --gpu/],
  ] as const)('refuses %s, with what to do', (_name, machine, device, message) => {
    expect(() => tensorflowPlatform(machine, device)).toThrow(message);
  });
});

describe('the cache folder', () => {
  it('is where the system keeps what can be made again', () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/caches' }, 'linux')).toBe('/caches/steepest/tensorflow');
    expect(cacheFolder({ XDG_CACHE_HOME: '' }, 'linux')).toBe(join(homedir(), '.cache/steepest/tensorflow'));
    expect(cacheFolder({}, 'darwin')).toBe(join(homedir(), 'Library/Caches/steepest/tensorflow'));
  });
});

describe('the name of a wheel', () => {
  it('says package, version and platforms, with and without a build number', () => {
    const tags = 'cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl';
    const expected = {
      package: 'tensorflow',
      version: '2.15.1',
      platformTags: ['manylinux_2_17_x86_64', 'manylinux2014_x86_64'],
    };
    expect(parseWheelName(`/wheels/tensorflow-2.15.1-${tags}`)).toEqual(expected);
    expect(parseWheelName(`tensorflow-2.15.1-1-${tags}`)).toEqual(expected);
  });

  it('must be one', () => {
    expect(() => parseWheelName('tensorflow-2.19.1.tar.gz')).toThrow(
      /tensorflow-2\.19\.1\.tar\.gz is not a wheel/,
    );
    expect(() => parseWheelName('tensorflow.whl')).toThrow(/expected a name such as/);
  });
});
