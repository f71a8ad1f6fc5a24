import { defineConfig } from 'vite';

/** What lets the worker use all cores. On a host that does not send them, it uses one. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  // The page may be served from any folder of any host.
  base: './',
  // Inside of this repository the packages run from their sources; outside this line does nothing.
  resolve: { conditions: ['@steepest/source', 'browser', 'import', 'module', 'default'] },
  build: { target: 'es2022', chunkSizeWarningLimit: 4000 },
  worker: { format: 'es' },
  server: { headers },
  preview: { headers },
});
