import { escapeHtml } from '@steepest/run-files';
import type { Mark } from './palette.ts';

/** Colors and measures of one drawing: the page's own, or those of a figure on paper. */
export interface Theme {
  readonly dark: boolean;
  /** A phone's width. */
  readonly narrow: boolean;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  readonly background: string;
  /** Color of what is not the optimizer's doing: forward and backward pass. */
  readonly model: string;
  readonly bad: string;
  readonly waiting: string;
  readonly font: string;
}

/** An option of echarts, whose own types leave the series open. */
export type ChartOption = Record<string, unknown>;

/** What is drawn of an optimizer's mark. */
interface Marked {
  readonly mark: Mark;
}

export const star = 'M5,0 L6.2,3.5 L10,3.8 L7,6.1 L8.1,9.8 L5,7.6 L1.9,9.8 L3,6.1 L0,3.8 L3.8,3.5 Z';
const crossPath = 'M0,1 L1,0 L5,4 L9,0 L10,1 L6,5 L10,9 L9,10 L5,6 L1,10 L0,9 L4,5 Z';
/** Marks a trial that diverged. */
export const cross = `path://${crossPath}`;
/** Marks a trial that was stopped as hopeless. */
export const stopSign = 'path://M0,0 H10 V10 H0 Z M2,4 V6 H8 V4 Z';

export function color({ mark }: Marked, theme: Theme): string {
  return theme.dark ? mark.dark : mark.light;
}

export function symbol({ mark }: Marked): string {
  return mark.symbol === 'star' ? `path://${star}` : mark.symbol;
}

export function lineType({ mark }: Marked): 'dashed' | 'solid' {
  return mark.dashed ? 'dashed' : 'solid';
}

/** What every chart has: no animation, a transparent ground, room for axes. */
export function frame(theme: Theme, more: ChartOption): ChartOption {
  return {
    animation: false,
    backgroundColor: 'transparent',
    textStyle: { fontFamily: theme.font, color: theme.text },
    grid: { left: theme.narrow ? 48 : 60, right: 16, top: 16, bottom: 48 },
    ...more,
  };
}

export function axis(theme: Theme, name: string, more: ChartOption = {}): ChartOption {
  const { axisLabel, ...others } = more;
  return {
    type: 'value',
    name,
    nameLocation: 'middle',
    nameGap: 30,
    nameTextStyle: { color: theme.muted, fontSize: 13 },
    axisLabel: { color: theme.muted, hideOverlap: true, ...(axisLabel as object | undefined) },
    axisLine: { show: true, lineStyle: { color: theme.line } },
    splitLine: { lineStyle: { color: theme.line, opacity: 0.6 } },
    ...others,
  };
}

/** A vertical axis with a row for each title, the first at the bottom, and the room that the titles take to its left. */
export function rowAxis(theme: Theme, titles: readonly string[]): { left: number; yAxis: ChartOption } {
  const longest = Math.max(...titles.map(({ length }) => length));
  return {
    left: Math.min(theme.narrow ? 130 : 200, Math.max(84, 7 * longest + 16)),
    yAxis: {
      type: 'category',
      data: titles,
      axisLabel: { color: theme.text },
      axisTick: { show: false },
      axisLine: { lineStyle: { color: theme.line } },
    },
  };
}

/** Distance of a vertical axis' name from its labels. */
export function nameGap(theme: Theme): number {
  return theme.narrow ? 34 : 42;
}

export function tooltip(theme: Theme, more: ChartOption): ChartOption {
  return {
    confine: true,
    backgroundColor: theme.surface,
    borderColor: theme.line,
    textStyle: { color: theme.text, fontSize: 13 },
    ...more,
  };
}

/** Lines of a tooltip; titles come from a file and are never read as HTML. */
export function lines(texts: readonly string[]): string {
  return texts.map(escapeHtml).join('<br>');
}

/** Three significant digits. */
export function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
