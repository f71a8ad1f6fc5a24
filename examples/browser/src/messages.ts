import type { MetricsLine, TrialStatus } from '@steepest/trainer';
import type { BackendName, ContenderName, RaceSettings } from './settings.ts';

/** What the page asks of the worker. */
export type Request =
  | { readonly kind: 'find' }
  | { readonly kind: 'race'; readonly settings: RaceSettings; readonly backend: BackendName | 'auto' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'discard' };

/** A race as it is stored in this browser. */
export interface StoredRace {
  readonly settings: RaceSettings;
  readonly runs: readonly {
    readonly racer: ContenderName;
    /** What training continues from. */
    readonly step: number;
    readonly metrics: readonly MetricsLine[];
    readonly status?: TrialStatus | undefined;
  }[];
}

/** What the worker tells the page. */
export type Report =
  /** The answer to `find` and to `discard`. */
  | { readonly kind: 'found'; readonly race: StoredRace | undefined }
  /** What the worker does before the first step. */
  | { readonly kind: 'preparing'; readonly what: string }
  | {
      readonly kind: 'racing';
      /** One line: what computes, and on how many threads. */
      readonly reason: string;
      readonly parameters: number;
      readonly race: StoredRace | undefined;
      /** Nats per token of tables of counts, which a model has to beat to have learned more than them. */
      readonly baselines: { readonly unigram: number; readonly bigram: number };
    }
  | { readonly kind: 'line'; readonly racer: ContenderName; readonly line: MetricsLine }
  | {
      readonly kind: 'step';
      readonly racer: ContenderName;
      readonly step: number;
      readonly tokensPerSecond: number;
      readonly stateBytes: number;
      /** All tensors of the backend. */
      readonly memoryBytes: number;
    }
  | { readonly kind: 'sample'; readonly racer: ContenderName; readonly step: number; readonly text: string }
  | {
      readonly kind: 'ended';
      readonly racer: ContenderName;
      readonly status: TrialStatus;
      readonly reason?: string | undefined;
    }
  /** All racers have ended: paused, or over. */
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'failed';
      readonly message: string;
      /** A race is stored, whether it is the one that failed or an earlier one. */
      readonly stored: boolean;
    };
