// What Node and browsers do under other names. Node's are read from the global object, so that no import hinders a browser.
const { process, setImmediate } = globalThis as {
  process?: { emitWarning?(message: string): void };
  setImmediate?: (run: () => void) => unknown;
};

/** Warns the user of something that does not end the run. */
export function warn(message: string): void {
  if (process?.emitWarning === undefined) console.warn(message);
  else process.emitWarning(message);
}

/** Waits until signals, timers and messages have been handled. In browsers a timer would wait four milliseconds, a message does not. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (setImmediate !== undefined) {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
