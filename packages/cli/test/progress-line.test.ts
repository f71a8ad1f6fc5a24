import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createProgressLine } from '../src/terminal/progress-line.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'], now: 0 }));
afterEach(() => void vi.useRealTimers());

/** A stream that keeps what is written to it. */
function stream(terminal: boolean): { readonly stream: NodeJS.WriteStream; written(): string } {
  let text = '';
  const writable = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const shape = { isTTY: terminal, columns: 60, rows: 24 };
  return { stream: Object.assign(writable, shape) as unknown as NodeJS.WriteStream, written: () => text };
}

it('redraws a bar on a terminal, as wide as that, four times a second', () => {
  const { stream: terminal, written } = stream(true);
  const line = createProgressLine(terminal, 'Ctrl-C pauses');
  line.update(0.5, 'tokens '.repeat(20));
  line.update(0.6, 'too soon');
  vi.advanceTimersByTime(300);
  line.update(0.75, 'some tokens');
  line.close();
  const lines = stripVTControlCharacters(written()).split('\n');
  expect(lines[0]).toBe(`${'█'.repeat(12)}${'░'.repeat(12)} 50% · tokens tokens tokens tokens `);
  expect(lines[0]).toHaveLength(59);
  expect(lines[1]).toBe('  Ctrl-C pauses');
  expect(written()).toContain(`${'█'.repeat(18)}${'░'.repeat(6)}`);
  expect(written()).toContain('75% · some tokens');
  expect(written()).not.toContain('too soon');
});

it('writes a plain line now and then elsewhere, and at once what is to stay', () => {
  const { stream: file, written } = stream(false);
  const line = createProgressLine(file, 'Ctrl-C pauses');
  line.update(0.5, 'too soon');
  line.line('left out a line');
  vi.advanceTimersByTime(20_000);
  line.update(0.501, 'some tokens');
  line.update(0.502, 'too soon');
  vi.advanceTimersByTime(20_000);
  line.update(undefined, 'more tokens');
  line.close();
  expect(written()).toBe('left out a line\n50% · some tokens\nmore tokens\n');
});
