import type { Page } from './page.ts';
import { read } from './repository.ts';
import { type OptimizerResult, picture } from './results.ts';

/** The front page: `site/home.md` with the figure and, where it is built, the way to the live example. */
export function homePage({
  overview,
  hasDemo,
}: {
  readonly overview: OptimizerResult | undefined;
  readonly hasDemo: boolean;
}): Page {
  const figure = overview === undefined ? '' : `${overview.figures.map(picture).join('\n')}`;
  const demo = hasDemo ? '<a class="action" href="./demo/" target="_self">Train in this browser</a>' : '';
  return {
    path: 'index',
    title: 'Steepest',
    source: 'site/home.md',
    isEdited: true,
    text: `<div class="vp-doc">\n\n${read('site/home.md')}\n</div>`
      .replace('<!-- figure -->', figure)
      .replace('<!-- setting -->', overview?.sentence ?? '')
      .replace('<!-- demo -->', demo),
    frontmatter: { layout: 'page', sidebar: false, aside: false, pageClass: 'home' },
  };
}
