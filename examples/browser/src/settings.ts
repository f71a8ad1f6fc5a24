/** Optimizers that can race, as the page names them. */
export const contenderNames = ['adamw', 'lion', 'muon', 'soap', 'adafactor', 'sgd'] as const;
export type ContenderName = (typeof contenderNames)[number];

/** What the page shows of an optimizer, and the learning rate that is near its best on this model. */
export const contenders: Readonly<
  Record<ContenderName, { readonly title: string; readonly learningRate: number }>
> = {
  adamw: { title: 'AdamW', learningRate: 0.01 },
  lion: { title: 'Lion', learningRate: 0.003 },
  muon: { title: 'Muon', learningRate: 0.02 },
  soap: { title: 'SOAP', learningRate: 0.01 },
  adafactor: { title: 'Adafactor', learningRate: 0.03 },
  sgd: { title: 'SGD with momentum', learningRate: 0.3 },
};

export const backendNames = ['webgpu', 'wasm', 'webgl'] as const;
export type BackendName = (typeof backendNames)[number];

/** One optimizer of a race. */
export interface Racer {
  readonly name: ContenderName;
  readonly learningRate: number;
}

/** Everything that decides a race; stored with its runs. */
export interface RaceSettings {
  readonly racers: readonly Racer[];
  readonly steps: number;
  /** The user's text; undefined for the embedded corpus. */
  readonly text?: string | undefined;
  /** Where the samples begin. */
  readonly prompt: string;
}

export const contextLength = 64;
export const batchSize = 8;
export const fewestRacers = 2;
export const mostRacers = 4;
