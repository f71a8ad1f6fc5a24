import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { githubSlug } from '../build/github-slug.ts';

const sidebar = JSON.parse(readFileSync(new URL('../pages/sidebar.json', import.meta.url), 'utf8'));
const repository = 'https://github.com/steepest-js/steepest';

const base = process.env.SITE_BASE ?? '/';

export default defineConfig({
  title: 'Steepest',
  description: 'Optimizers for TensorFlow.js, compared honestly on language models',
  // Where the site is served: `/steepest/` on GitHub Pages.
  base,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}logo.svg` }]],
  srcDir: 'pages',
  cleanUrls: true,
  lastUpdated: false,
  markdown: {
    // Headings have the anchors that they have on GitHub, where the same files are read.
    anchor: { slugify: githubSlug },
    // Wide tables scroll, also by the keyboard.
    config: (markdown) => {
      markdown.renderer.rules.table_open = () => '<table tabindex="0">\n';
    },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  themeConfig: {
    logo: '/logo.svg',
    nav: [
      { text: 'Start', link: '/guide/getting-started', activeMatch: '^/guide/' },
      { text: 'Optimizers', link: '/guide/optimizers', activeMatch: '^/optimizers/' },
      { text: 'Contribute', link: '/contributing' },
    ],
    sidebar,
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: repository }],
    editLink: { pattern: ({ frontmatter }) => frontmatter.source as string, text: 'Edit this page' },
    footer: { message: 'MIT License. No cookies, no fonts and no scripts of others.' },
  },
});
