/** A color on a light ground, and the one that takes its place on a dark one. */
export interface Color {
  readonly light: string;
  readonly dark: string;
}

/** Colors of everything but the series. */
export const colors = {
  ground: { light: '#ffffff', dark: '#14171a' },
  text: { light: '#1c2127', dark: '#e6e9ed' },
  muted: { light: '#3f474f', dark: '#b4bcc4' },
  line: { light: '#d0d5da', dark: '#3a4148' },
  /** Of the line where prediction and measurement are the same. */
  neutral: { light: '#8a939c', dark: '#8a939c' },
} as const satisfies Record<string, Color>;

/** After Okabe and Ito's set, which color-blind people can tell apart; each reads as a line on its ground. */
export const seriesColors = {
  blue: { light: '#005a9c', dark: '#4a90e2' },
  orange: { light: '#d55e00', dark: '#f0782a' },
  green: { light: '#00805c', dark: '#1fb389' },
  pink: { light: '#b8568f', dark: '#dd8cba' },
  yellow: { light: '#c99700', dark: '#f0d24a' },
  sky: { light: '#3ba3dc', dark: '#93d6ff' },
  ink: colors.text,
  violet: { light: '#5b3a8c', dark: '#b79cf0' },
} as const satisfies Record<string, Color>;

/** The font of charts; PNG images carry its letters wherever they are drawn. */
export const fontFamily = "'Source Sans 3', Arial, Helvetica, sans-serif";

/** A style by which an image with the light colors changes to the dark ones where its reader prefers these. */
export function darkStyle(): string {
  const changed = new Map(
    [...Object.values<Color>(colors), ...Object.values<Color>(seriesColors)].map(
      ({ light, dark }) => [light, dark] as const,
    ),
  );
  const rules = [...changed]
    .filter(([light, dark]) => light !== dark)
    .flatMap(([light, dark]) => ['fill', 'stroke'].map((part) => `[${part}="${light}"]{${part}:${dark}}`));
  return `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`;
}
