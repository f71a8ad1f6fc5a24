/** In a browser, Vite has resolved all packages already. */
export const createRequire = () => ({ resolve: (name: string) => name });
