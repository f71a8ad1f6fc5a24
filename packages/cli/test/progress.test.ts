import { Writable } from 'node:stream';
import { formatDuration, RunView } from '@steepest/experiments';
import { describe, expect, it, vi } from 'vitest';
import { createDisplay } from '../src/terminal/display.ts';

const progress = { step: 50, steps: 100, loss: 5.25, tokensPerSecond: 4321.4, secondsLeft: 187 };

function view(): RunView {
  const run = new RunView(['adam-lr1e-3-seed1', 'sgd-lr1-seed1', 'lion-lr1e-4-seed1', 'done'], 1, 100);
  run.start('adam-lr1e-3-seed1');
  run.progress('adam-lr1e-3-seed1', { ...progress, step: 1 });
  run.progress('adam-lr1e-3-seed1', progress);
  return run;
}

describe('the progress of a run', () => {
  it('counts trials of earlier runs and the parts of those at work', () => {
    expect(view().fraction).toBe((1 + 0.5) / 4);
  });

  it('estimates the time left from the steps made since it began', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const run = view();
    vi.advanceTimersByTime(10_000);
    // 50 steps in 10 seconds, and 250 of the 400 to go.
    expect(run.secondsLeft).toBe(50);
    vi.useRealTimers();
  });

  it('counts only the new steps of a resumed trial towards the pace', () => {
    const run = view();
    run.start('sgd-lr1-seed1');
    run.progress('sgd-lr1-seed1', { ...progress, step: 91 });
    expect(run.stepsMade).toBe(51);
  });

  it('writes durations as people read them', () => {
    expect([8, 187, 3_723].map(formatDuration)).toEqual(['8 s', '3:07', '1:02:03']);
  });
});

describe('a display that is not a terminal', () => {
  it('writes whole lines without control characters, one a phase and one an ended trial', () => {
    let text = '';
    const stream = new Writable({
      write(chunk, _encoding, done) {
        text += String(chunk);
        done();
      },
    });
    const display = createDisplay(stream as NodeJS.WriteStream);
    display.phase('preparing the data: 10 tokens');
    display.phase('preparing the data: 20 tokens');
    const run = view();
    display.show(run);
    const base = { finalValidationLoss: null, seconds: 12 };
    display.ended({ trial: 'a', status: 'finished', ...base, finalValidationLoss: 5.5 });
    display.ended({ trial: 'b', status: 'diverged', ...base, reason: 'the loss became NaN' });
    display.close();
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe('preparing the data');
    expect(lines[1]).toMatch(/^✓ a {2}validation loss 5\.5000 {2}12 s {2}\(37% · 1\/4 trials/);
    expect(lines[2]).toMatch(/^✗ b {2}diverged: the loss became NaN/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the absence of control characters is the claim
    expect(text).not.toMatch(/\x1b/);
  });
});
