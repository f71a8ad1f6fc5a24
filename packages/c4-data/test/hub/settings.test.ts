import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveHubSettings } from '../../src/sources/hub/settings.ts';

const home = mkdtempSync(join(tmpdir(), 'steepest-home-'));
afterAll(() => rmSync(home, { recursive: true }));
writeFileSync(join(home, 'token'), 'hf_from_file\n');

describe("the hub's environment variables", () => {
  it('are honoured as by its Python library', () => {
    const settings = resolveHubSettings(
      {},
      {
        HF_ENDPOINT: 'https://mirror.example/hub/',
        HF_TOKEN: ' hf_secret ',
        HF_HOME: home,
        HF_HUB_OFFLINE: 'yes',
      },
    );
    expect(settings).toMatchObject({
      endpoint: 'https://mirror.example/hub',
      token: 'hf_secret',
      tokenOrigin: 'HF_TOKEN',
      offline: true,
      cacheDirectory: join(home, 'assets', 'steepest'),
      pythonCacheDirectory: join(home, 'hub'),
    });
  });

  it('name other places for the token and the caches', () => {
    const elsewhere = join(home, 'elsewhere');
    writeFileSync(elsewhere, 'hf_elsewhere');
    const settings = resolveHubSettings(
      {},
      { HF_HOME: home, HF_TOKEN_PATH: elsewhere, HF_ASSETS_CACHE: '/assets', HF_HUB_CACHE: '/hub' },
    );
    expect(settings).toMatchObject({
      token: 'hf_elsewhere',
      cacheDirectory: join('/assets', 'steepest'),
      pythonCacheDirectory: '/hub',
    });
    expect(resolveHubSettings({}, { HF_HOME: home }).token).toBe('hf_from_file');
    expect(resolveHubSettings({}, { HF_HOME: '/nowhere', HF_HUB_OFFLINE: '0' })).toMatchObject({
      token: undefined,
      offline: false,
    });
  });

  it('yield to options', () => {
    const environment = { HF_ENDPOINT: 'https://a', HF_TOKEN: 'b', HF_HUB_OFFLINE: '1', HF_HOME: home };
    const options = { endpoint: 'https://x', token: false, offline: false, cacheDirectory: '/y' } as const;
    expect(resolveHubSettings(options, environment)).toMatchObject({
      endpoint: 'https://x',
      token: undefined,
      offline: false,
      cacheDirectory: '/y',
    });
  });

  it('have the defaults of the public hub', () => {
    expect(resolveHubSettings({}, {})).toMatchObject({
      endpoint: 'https://huggingface.co',
      offline: false,
      cacheDirectory: join(homedir(), '.cache', 'huggingface', 'assets', 'steepest'),
      cacheBytes: 16 * 1024 ** 3,
      retries: { attempts: 8, firstDelaySeconds: 0.5, longestDelaySeconds: 30 },
      stallSeconds: 30,
    });
  });
});
