/** One press of Ctrl-C can arrive twice: from the terminal and passed on by npm. */
const samePressMilliseconds = 500;

/**
 * Listens for Ctrl-C and SIGTERM: the first asks for a gentle stop, a later one for an end at once.
 * @returns a function that stops listening
 */
export function listenForInterruption(gently: (signal: string) => void, atOnce: () => void): () => void {
  let first: number | undefined;
  const onSignal = (signal: string) => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      gently(signal);
    } else if (now - first > samePressMilliseconds) {
      atOnce();
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}
