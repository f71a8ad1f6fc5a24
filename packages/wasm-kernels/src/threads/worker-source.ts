/** Words of the control block that each worker has, by their offset in it. */
export const controlWords = {
  /** Number of the last job given out; the worker sleeps on it. */
  ticket: 0,
  /** Number of the last job that the worker has done, -1 before it has started; the main thread sleeps on it. */
  done: 1,
  /** Functions that the job's calls choose from. Those the worker lacks are in messages on the way. */
  functions: 2,
  /** Calls finished so far, in all jobs: how one tells slow from dead. */
  progress: 3,
  /** 1 after a call has failed: its message then stands in the program, a length and the code of each character. */
  failed: 4,
  /** Number of the last job that somebody has taken: the worker, or the main thread where it comes first. */
  taken: 5,
} as const;
/** Words from one worker's block to the next: two cache lines, so that no two share one. */
export const controlStride = 32;

/** Milliseconds that a worker looks for its next job before it sleeps. A step's jobs mostly come closer together. */
const spinTime = 0.3;

/**
 * The program of a worker, in plain JavaScript so that a page needs no second file. It gets functions of WebAssembly
 * modules on the shared heap and calls them with the arguments that the main thread wrote down.
 */
export const workerSource = `
'use strict';
const port = typeof self === 'object' && typeof postMessage === 'function' ? self : require('node:worker_threads').parentPort;
const waiting = [];
let wake;
const receive = (data) => {
  waiting.push(data);
  if (wake) wake();
};
if (port.on) port.on('message', receive);
else port.onmessage = ({ data }) => receive(data);
const message = async () => {
  while (waiting.length === 0) await new Promise((resolve) => { wake = resolve; });
  return waiting.shift();
};
(async () => {
  const { memory, control, program, at, spins, modules: first } = await message();
  const functions = [];
  const load = (modules) => {
    for (const { module, names } of modules) {
      const { exports } = new WebAssembly.Instance(module, { env: { memory } });
      for (const name of names) functions.push(exports[name]);
    }
  };
  const run = () => {
    let next = 1;
    for (let calls = program[0]; calls > 0; calls--) {
      const kernel = functions[program[next]];
      const end = next + 2 + program[next + 1];
      const values = [];
      for (let i = next + 2; i < end; i++) values.push(program[i]);
      kernel(...values);
      next = end;
      Atomics.add(control, at + ${controlWords.progress}, 1);
    }
  };
  let seen = 0;
  const attempt = (work) => {
    try {
      work();
    } catch (error) {
      const text = String(error).slice(0, 1000);
      program[0] = text.length;
      for (let i = 0; i < text.length; i++) program[i + 1] = text.charCodeAt(i);
      Atomics.store(control, at + ${controlWords.failed}, 1);
    }
  };
  attempt(() => load(first));
  Atomics.store(control, at + ${controlWords.done}, 0);
  Atomics.notify(control, at + ${controlWords.done});
  for (;;) {
    let ticket = Atomics.load(control, at);
    if (spins && ticket === seen) {
      const end = performance.now() + ${spinTime};
      do {
        for (let turn = 0; turn < 100 && ticket === seen; turn++) ticket = Atomics.load(control, at);
      } while (ticket === seen && performance.now() < end);
    }
    while (ticket === seen) {
      Atomics.wait(control, at, seen);
      ticket = Atomics.load(control, at);
    }
    seen = ticket;
    // A job that the main thread has taken, or that is over already, is not for this thread.
    if (Atomics.compareExchange(control, at + ${controlWords.taken}, (seen - 1) | 0, seen) !== ((seen - 1) | 0)) continue;
    const count = Atomics.load(control, at + ${controlWords.functions});
    while (functions.length < count) {
      const modules = await message();
      attempt(() => load(modules));
    }
    attempt(run);
    Atomics.store(control, at + ${controlWords.done}, seen);
    Atomics.notify(control, at + ${controlWords.done});
  }
})();
`;
