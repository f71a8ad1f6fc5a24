// cspell:ignore genai Tokeniser pretraining
/** The part of nanogpt that the benchmark calls. It is installed when it is first measured, so its own types are not here. */
declare module '@genai-fi/nanogpt' {
  interface Stream {
    begin(listen: (conversation: unknown) => void): Promise<void>;
  }
  export interface TrainingJob {
    readonly id: string;
    readonly history: readonly { readonly trainingMetrics: { readonly loss: number } }[] | null;
  }
  interface Training {
    on(event: 'progress', listen: (job: TrainingJob) => void): void;
    on(event: 'paused', listen: () => void): void;
    job(options: object, streams: readonly Stream[], datasets: readonly object[]): Promise<TrainingJob>;
    addBreak(id: string): number | undefined;
    deleteBreak(id: string, pause: number): void;
    resume(id: string): Promise<void>;
  }
  export class TeachableLLM {
    static selectBackend(name: 'webgpu'): Promise<void>;
    static create(tokenizer: 'char', config: object): TeachableLLM;
    readonly training: Training;
    trainTokeniser(streams: readonly Stream[]): Promise<number>;
  }
  export const data: { loadTextData(file: File): Promise<Stream> };
}
