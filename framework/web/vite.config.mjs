import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The page under /ui/, as files whose names change with their content. Nothing is inlined: the page's policy forbids it. */
export default defineConfig({
  root: here('page'),
  base: '/ui/',
  logLevel: 'warn',
  server: { proxy: { '/v2': process.env.GAIA_API ?? 'http://127.0.0.1:8080' } },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: here('../../dist/web'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
