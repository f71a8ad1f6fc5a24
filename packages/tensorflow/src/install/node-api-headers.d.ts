/** The package has no types of its own. */
declare module 'node-api-headers' {
  /** Folder with the headers of N-API. */
  export const include_dir: string;
}
