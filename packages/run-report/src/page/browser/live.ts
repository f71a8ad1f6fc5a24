import type { ReportCharts } from '../../charts/chart-data.ts';

/** A message of the live server: the page's content and charts as they are now. */
export interface LiveResults {
  readonly content: string;
  readonly charts: ReportCharts;
}

/** In a page of the live server, hands on every new state of the results; elsewhere does nothing. */
export function followResults(update: (content: string, charts: ReportCharts) => void): void {
  const note = document.getElementById('live');
  if (!note) return;
  const events = new EventSource('events');
  events.addEventListener('results', ({ data }: MessageEvent<string>) => {
    const { content, charts } = JSON.parse(data) as LiveResults;
    update(content, charts);
    note.textContent = `Live, last change ${new Date().toLocaleTimeString()}`;
  });
  events.addEventListener('problem', ({ data }: MessageEvent<string>) => {
    note.textContent = `Cannot read the run: ${JSON.parse(data) as string}`;
  });
  events.addEventListener('error', () => {
    note.textContent = 'The live server does not answer; this is the last state it sent.';
  });
}
