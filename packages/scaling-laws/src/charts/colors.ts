/** A color on a light ground, and the one that takes its place on a dark one. */
type Color = readonly [light: string, dark: string];

export const ground: Color = ['#ffffff', '#14171a'];
export const text: Color = ['#1c2127', '#e8ebee'];
export const muted: Color = ['#3f474f', '#b4bcc4'];
export const gridLine: Color = ['#d0d5da', '#3a4148'];
/** Of the line where prediction and measurement are the same. */
export const neutral: Color = ['#8a939c', '#8a939c'];

/** After Okabe and Ito's set, which color-blind people can tell apart; each reads as a line on its ground. */
export const seriesColors: readonly Color[] = [
  ['#005a9c', '#5fb0f0'],
  ['#d55e00', '#ff9147'],
  ['#00805c', '#3ecf9f'],
  ['#b8568f', '#ec8fc4'],
  ['#c99700', '#f0c84b'],
  ['#3ba3dc', '#9ad4f5'],
  ['#1d2329', '#c3cad1'],
  ['#5b3a8c', '#b79cf0'],
];

/** A style by which an image with the light colors changes to the dark ones where its reader prefers these. */
export function darkStyle(): string {
  const changed = [ground, text, muted, gridLine, ...seriesColors].filter(([light, dark]) => light !== dark);
  const rules = changed.flatMap(([light, dark]) =>
    ['fill', 'stroke'].map((part) => `[${part}="${light}"]{${part}:${dark}}`),
  );
  return `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`;
}
