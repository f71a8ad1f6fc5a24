import * as node from 'node:fs/promises';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recoverFolder, replaceFile, replaceFolder, writeDurably } from '../src/durable-files.ts';
import type { FileSystem } from '../src/file-system.ts';
import { RunFolder } from '../src/run-folder.ts';
import { freshFolder } from './fresh-folder.ts';

/** The machine's files, with a record of what happens to them in which order; an operation can be made to fail. */
function watchedFiles(fails?: (operation: string) => Error | undefined) {
  const operations: string[] = [];
  const note = (operation: string) => {
    operations.push(operation);
    const error = fails?.(operation);
    if (error !== undefined) throw error;
  };
  const files = {
    ...node,
    open: async (path: string, flags: string) => {
      const handle = await node.open(path, flags);
      const name = basename(path);
      return new Proxy(handle, {
        get(target, key) {
          const value = Reflect.get(target, key) as unknown;
          if (typeof value !== 'function') return value;
          return async (...parts: unknown[]) => {
            const words: Record<string, string> = { writeFile: 'write', appendFile: 'append', sync: 'sync' };
            if (typeof key === 'string' && key in words) note(`${words[key]} ${name}`);
            return value.apply(target, parts);
          };
        },
      });
    },
    rename: async (from: string, to: string) => {
      note(`rename ${basename(from)} ${basename(to)}`);
      await node.rename(from, to);
    },
    rm: async (path: string, options: object) => {
      if (await node.stat(path).catch(() => undefined)) note(`rm ${basename(path)}`);
      await node.rm(path, options);
    },
  } as unknown as FileSystem;
  return { files, operations };
}

function fullDisk(): NodeJS.ErrnoException {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
}

// Windows cannot sync a folder.
const withFolderSync = (operations: string[]) =>
  operations.filter((operation) => process.platform !== 'win32' || !/^sync (run|next)/.test(operation));

describe('a file', () => {
  it('is replaced by write, sync, rename and sync of its folder, in this order', async () => {
    const folder = join(await freshFolder(), 'run');
    await mkdir(folder);
    const { files, operations } = watchedFiles();
    await replaceFile(join(folder, 'a.json'), '{}', files);
    expect(operations).toEqual(
      withFolderSync(['write a.json.next', 'sync a.json.next', 'rename a.json.next a.json', 'sync run']),
    );
    expect(await readFile(join(folder, 'a.json'), 'utf8')).toBe('{}');
  });

  it('stays what it was on a full disk, and the error names the file and the reason', async () => {
    const folder = await freshFolder();
    const path = join(folder, 'a.json');
    await writeFile(path, 'old');
    const { files } = watchedFiles((operation) => (operation.startsWith('write') ? fullDisk() : undefined));
    await expect(replaceFile(path, 'new', files)).rejects.toThrow(
      `cannot write ${path}.next: the disk is full (ENOSPC)`,
    );
    expect(await readdir(folder)).toEqual(['a.json']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it('is written in pieces of at most 64 MiB, however long its content, and their hash is returned', async () => {
    const lengths: number[] = [];
    const handle = {
      writeFile: async (piece: Uint8Array) => void lengths.push(piece.length),
      sync: async () => {},
      close: async () => {},
    };
    const files = { open: async () => handle } as unknown as FileSystem;
    // Longer than what one hash update or one read of a file takes: 2 GiB.
    const digest = await writeDurably('anywhere', new Uint8Array(2 ** 31 + 8), files);
    expect(lengths).toEqual([...Array(32).fill(2 ** 26), 8]);
    // head -c 2147483656 /dev/zero | sha256sum
    expect(digest).toBe('58a3e88bb31d949356cbde4386c02f3c205285c8b29ccb0b792204647ea55fcf');
  });
});

describe('a folder', () => {
  it('is replaced only when the new one is on the disk, and removed only when the new one has its name', async () => {
    const run = join(await freshFolder(), 'run');
    const folder = join(run, 'checkpoint');
    await mkdir(folder, { recursive: true });
    const { files, operations } = watchedFiles();
    await replaceFolder(
      folder,
      async (next) => void (await writeDurably(join(next, 'a'), 'new', files)),
      undefined,
      files,
    );
    expect(operations).toEqual(
      withFolderSync([
        'write a',
        'sync a',
        'sync checkpoint.next',
        'rename checkpoint checkpoint.previous',
        'rename checkpoint.next checkpoint',
        'sync run',
        'rm checkpoint.previous',
      ]),
    );
  });

  it('stays what it was on a full disk, and leaves no half-written one beside it', async () => {
    const run = await freshFolder();
    const folder = join(run, 'checkpoint');
    await mkdir(folder);
    await writeFile(join(folder, 'a'), 'old');
    const { files } = watchedFiles((operation) => (operation === 'sync b' ? fullDisk() : undefined));
    const write = async (next: string) => {
      await writeDurably(join(next, 'a'), 'new', files);
      await writeDurably(join(next, 'b'), 'new', files);
    };
    await expect(replaceFolder(folder, write, undefined, files)).rejects.toThrow(
      /cannot write .*checkpoint\.next.b: the disk is full \(ENOSPC\)/,
    );
    expect(await readdir(run)).toEqual(['checkpoint']);
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('old');
  });

  it('comes back from its previous name when a kill left it without its own', async () => {
    const run = await freshFolder();
    await mkdir(join(run, 'checkpoint.previous'));
    await writeFile(join(run, 'checkpoint.previous', 'a'), 'old');
    await mkdir(join(run, 'checkpoint.next'));
    await recoverFolder(join(run, 'checkpoint'));
    expect(await readdir(run)).toEqual(['checkpoint']);
    expect(await readFile(join(run, 'checkpoint', 'a'), 'utf8')).toBe('old');
  });
});

describe('metrics.jsonl', () => {
  const line = { kind: 'evaluation', step: 1, tokens: 8, loss: 2, seconds: 0.5 } as const;

  it('is on the disk before a checkpoint counts on it', async () => {
    const { files, operations } = watchedFiles();
    const folder = await RunFolder.open(join(await freshFolder(), 'run'), {}, files);
    operations.length = 0;
    await folder.append(line);
    const { bytes } = await folder.flush();
    await folder.close();
    expect(operations).toEqual(['append metrics.jsonl', 'sync metrics.jsonl']);
    expect(bytes).toBe(JSON.stringify(line).length + 1);
  });

  it('that meets a full disk is named', async () => {
    const { files } = watchedFiles((operation) => (operation.startsWith('append') ? fullDisk() : undefined));
    const directory = await freshFolder();
    const folder = await RunFolder.open(directory, {}, files);
    await expect(folder.append(line)).rejects.toThrow(
      `cannot write ${join(directory, 'metrics.jsonl')}: the disk is full (ENOSPC)`,
    );
    await folder.close();
  });
});
