import { colors, fontFamily } from '@steepest/charts';
import { escapeHtml } from '@steepest/run-files';
import type { Law, LawFit } from '../law/law.ts';
import { describeHoldOut, goodnessTable, parameterTable, type TextTable } from './fit-summary.ts';

const style = `
body { font: 16px/1.45 ${fontFamily}; color: ${colors.text.light}; max-width: 720px; margin: 2em auto; padding: 0 1em; color-scheme: light dark }
h1 { font-size: 1.5em } code { overflow-wrap: anywhere } code { font-size: 1.05em } figure { margin: 1.5em 0 } figure svg { max-width: 100%; height: auto }
.table { overflow-x: auto } table { border-collapse: collapse; margin: 1em 0 }
th, td { text-align: left; padding: .2em .9em .2em 0; border-bottom: 1px solid ${colors.line.light} } td:nth-child(2) { font-variant-numeric: tabular-nums }
.warning { border-left: 3px solid #b07400; padding-left: .7em }
.narrow { display: none }
@media (max-width: 600px) { body { margin: 1em auto } .wide { display: none } .narrow { display: block } }
@media (prefers-color-scheme: dark) { body { background: ${colors.ground.dark}; color: ${colors.text.dark} } th, td { border-color: ${colors.line.dark} } }`;

/** A chart of a page, drawn for a wide and for a narrow screen. */
export interface PageDrawing {
  readonly wide: string;
  readonly narrow: string;
}

/** A self-contained page with everything about a fit: no scripts, no other files. */
export function fitPage(law: Law, fit: LawFit, drawings: readonly PageDrawing[]): string {
  const { holdOut, warnings, objective } = fit;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(law.title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(law.title)}</h1>
<p><code>${escapeHtml(law.formula)}</code></p>
<p>${escapeHtml(law.source)}</p>
${tableHtml(parameterTable(fit))}
${tableHtml(goodnessTable(fit))}
<p>Objective ${objective.toPrecision(6)}${holdOut === undefined ? '' : `; ${escapeHtml(describeHoldOut(holdOut))}`}</p>
${warnings.map((warning) => `<p class="warning">${escapeHtml(warning)}</p>`).join('\n')}
${drawings.map(({ wide, narrow }) => `<figure><div class="wide">${wide}</div><div class="narrow">${narrow}</div></figure>`).join('\n')}
</body>
</html>
`;
}

function tableHtml({ head, rows }: TextTable): string {
  const row = (cells: readonly string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  return `<div class="table"><table>${row(head, 'th')}${rows.map((cells) => row(cells, 'td')).join('')}</table></div>`;
}
