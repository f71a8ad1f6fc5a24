/** Lets racers make one step each in turn: the one that has made the fewest goes first. */
export class Turns<Name> {
  #current: Name | undefined;
  readonly #waiting = new Map<Name, { readonly step: number; readonly begin: () => void }>();
  readonly #racing: Set<Name>;

  constructor(names: readonly Name[]) {
    this.#racing = new Set(names);
  }

  /** Ends the turn of a racer if it has one, and waits for its next, which is its `step`. */
  next(name: Name, step: number): Promise<void> {
    return new Promise((begin) => {
      this.#waiting.set(name, { step, begin });
      if (this.#current === name) this.#current = undefined;
      this.#pass();
    });
  }

  /** Takes a racer out that has ended. */
  leave(name: Name): void {
    this.#racing.delete(name);
    if (this.#current === name) this.#current = undefined;
    this.#pass();
  }

  /** Once every racer that is left waits, so that none that is late falls behind. */
  #pass(): void {
    if (this.#current !== undefined || this.#waiting.size === 0 || this.#waiting.size < this.#racing.size)
      return;
    const [name, { begin }] = [...this.#waiting].sort(([, a], [, b]) => a.step - b.step)[0]!;
    this.#waiting.delete(name);
    this.#current = name;
    begin();
  }
}
