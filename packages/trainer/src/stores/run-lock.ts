/** Names held in this realm, for places without Web Locks, which know of no other tabs. */
const heldHere = new Set<string>();

/**
 * Takes the right to train a run, in all tabs and workers of the site where the browser has Web Locks.
 *
 * @returns what gives it back
 * @throws Error when another holds it
 */
export async function takeRunLock(name: string, place: string): Promise<() => void> {
  const busy = () =>
    new Error(`${place} is being trained, here or in another tab: wait, or use another store`);
  if (heldHere.has(name)) throw busy();
  heldHere.add(name);
  const freeHere = () => heldHere.delete(name);
  const { locks } = (globalThis.navigator ?? {}) as { locks?: LockManager };
  if (locks === undefined) return freeHere;
  return new Promise((resolve, reject) => {
    const request = locks.request(`steepest/${name}`, { ifAvailable: true }, (lock) => {
      if (lock === null) throw busy();
      return new Promise<void>((end) => {
        resolve(() => {
          freeHere();
          end();
        });
      });
    });
    request.catch((error: unknown) => {
      freeHere();
      reject(error);
    });
  });
}
