/** Is told what an installation does. */
export interface InstallReport {
  /** A step that begins, or what came of it. */
  step(text: string): void;
  /** How far the present step is: a fraction and what it counts. */
  progress(fraction: number, text: string): void;
  /** Whether programs that have a progress bar of their own may draw it. */
  readonly showsPrograms: boolean;
}

/** Bytes as `274 MB` or `3.4 GB`. */
export function formatBytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.max(1, Math.round(bytes / 1e6))} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
