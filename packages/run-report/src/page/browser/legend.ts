import type { OptimizerCharts, ReportCharts } from '../../charts/chart-data.ts';
import { star } from '../../charts/theme.ts';

/** Fills every legend with a button for each optimizer, which shows or hides it in all charts. */
export function drawLegends(
  { optimizers }: ReportCharts,
  hidden: Set<string>,
  dark: boolean,
  changed: () => void,
): void {
  for (const legend of Array.from(document.querySelectorAll('.legend'))) {
    legend.replaceChildren(
      ...optimizers.map((optimizer) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.setAttribute('aria-pressed', String(!hidden.has(optimizer.name)));
        button.title = 'Show or hide in every chart';
        button.append(swatch(optimizer, dark), optimizer.title);
        button.addEventListener('click', () => {
          if (!hidden.delete(optimizer.name)) hidden.add(optimizer.name);
          changed();
        });
        return button;
      }),
    );
  }
}

const shapes = {
  circle: '<circle cx="13" cy="6" r="4.5"/>',
  emptyCircle: '<circle cx="13" cy="6" r="4" style="fill:var(--background)" stroke-width="2"/>',
  rect: '<rect x="9" y="2" width="8" height="8"/>',
  roundRect: '<rect x="8.5" y="2" width="9" height="8" rx="2.5"/>',
  triangle: '<path d="M13 1 L18 10 L8 10 Z"/>',
  diamond: '<path d="M13 0.5 L17.5 6 L13 11.5 L8.5 6 Z"/>',
  star: `<path transform="translate(7.5 0.5) scale(1.1)" d="${star}"/>`,
  arrow: '<path d="M13 1 L18 11 L13 8 L8 11 Z"/>',
};

/** The mark as the charts draw it; nothing of it comes from a file. */
function swatch({ mark }: OptimizerCharts, dark: boolean): Node {
  const color = dark ? mark.dark : mark.light;
  const dash = mark.dashed ? ' stroke-dasharray="4 3"' : '';
  const holder = document.createElement('template');
  holder.innerHTML = `<svg viewBox="0 0 26 12" aria-hidden="true" fill="${color}" stroke="${color}"><path d="M0 6 H26" stroke-width="2"${dash}/>${shapes[mark.symbol]}</svg>`;
  return holder.content.firstChild!;
}
