import type { ThreadShare } from '../training/messages.ts';

/** A trial at work, which can be told another number of threads. */
export interface Sharer {
  setThreads(threads: number): void;
}

/** What decides how the cores of this machine are shared. */
export interface SharingOptions {
  readonly cores: number;
  /** Trials side by side that were asked for; without it, as many as there is room for. */
  readonly parallel?: number | undefined;
  /** Threads of each trial that were asked for; without it, the cores are shared among the trials. */
  readonly threads?: number | undefined;
}

/**
 * Shares the cores of a machine among trials side by side, so that their threads are at most as many as the cores while there
 * are no more trials than cores.
 *
 * With a number of threads asked for, each trial has that many from its beginning to its end. Otherwise each has an equal share,
 * and once no trial is waiting, those that are left also get the cores of those that have ended.
 */
export class CoreShares {
  /** Trials side by side. */
  readonly parallel: number;
  /** Where fewer threads are used than were asked for, why. */
  readonly notice: string | undefined;
  private readonly cores: number;
  private readonly base: number;
  private readonly isFixed: boolean;
  private readonly sharers = new Map<Sharer, number>();

  constructor({ cores, parallel, threads }: SharingOptions) {
    this.cores = cores;
    this.isFixed = threads !== undefined;
    this.parallel = parallel ?? Math.max(1, Math.floor(cores / (threads ?? 1)));
    const room = Math.max(1, Math.floor(cores / this.parallel));
    this.base = Math.min(threads ?? room, room);
    this.notice =
      threads !== undefined && threads > room
        ? `Threads  ${room} for each trial instead of ${threads}: ${this.parallel} side by side share ${cores} ${cores === 1 ? 'core' : 'cores'}`
        : undefined;
  }

  /** The share that a trial begins with. */
  get first(): ThreadShare {
    return { now: this.base, most: this.isFixed ? this.base : this.cores };
  }

  /** A trial has begun, with its first share. */
  begin(sharer: Sharer, waiting: number): void {
    this.sharers.set(sharer, this.base);
    this.share(waiting);
  }

  /** A trial has ended. @param waiting trials that have not begun */
  end(sharer: Sharer, waiting: number): void {
    this.sharers.delete(sharer);
    this.share(waiting);
  }

  private share(waiting: number): void {
    if (this.isFixed) return;
    const count = this.sharers.size;
    const isLast = waiting === 0 && count < this.parallel;
    const each = isLast ? Math.max(this.base, Math.floor(this.cores / count)) : this.base;
    // Those that began first are to end first.
    let left = isLast ? Math.max(0, this.cores - each * count) : 0;
    for (const [sharer, before] of this.sharers) {
      const threads = left > 0 ? each + 1 : each;
      left -= 1;
      if (threads === before) continue;
      this.sharers.set(sharer, threads);
      sharer.setThreads(threads);
    }
  }
}
