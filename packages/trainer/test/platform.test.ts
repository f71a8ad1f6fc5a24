import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** The module as it is loaded where these globals are. */
async function platformWith(globals: Readonly<Record<string, unknown>>) {
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
  vi.resetModules();
  return import('../src/platform.ts');
}

it('warnings are those of the process, and on the console where there is none', async () => {
  const onConsole = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const emitWarning = vi.fn();
  (await platformWith({ process: { emitWarning } })).warn('a checkpoint is damaged');
  expect([emitWarning.mock.calls, onConsole.mock.calls]).toEqual([[['a checkpoint is damaged']], []]);
  // A bundler may define a process that has nothing but an environment.
  for (const process of [undefined, { env: {} }]) {
    onConsole.mockClear();
    (await platformWith({ process })).warn('a checkpoint is damaged');
    expect(onConsole.mock.calls).toEqual([['a checkpoint is damaged']]);
  }
});

it.each([
  ['Node', {}],
  ['a browser', { setImmediate: undefined }],
])('a turn in %s lets messages that have been sent before it arrive', async (_, globals) => {
  const { nextTurn } = await platformWith(globals);
  const { port1, port2 } = new MessageChannel();
  let heard = false;
  const message = new Promise<void>((resolve) => {
    port1.onmessage = () => {
      heard = true;
      resolve();
    };
  });
  port2.postMessage(null);
  // Work that only waits for promises hears of no message.
  for (let i = 0; i < 10; i++) await undefined;
  expect(heard).toBe(false);
  // A message is handled in one of the next turns.
  for (let turn = 0; turn < 1000 && !heard; turn++) await nextTurn();
  expect(heard).toBe(true);
  await message;
  port1.close();
});

it('a turn in a browser closes the channel that it waits for, which would be kept otherwise', async () => {
  const closed: string[] = [];
  class Channel {
    readonly port1: { onmessage?: () => void; close(): void } = { close: () => closed.push('port1') };
    readonly port2 = { postMessage: () => queueMicrotask(() => this.port1.onmessage!()) };
  }
  const { nextTurn } = await platformWith({ setImmediate: undefined, MessageChannel: Channel });
  await nextTurn();
  expect(closed).toEqual(['port1']);
});
