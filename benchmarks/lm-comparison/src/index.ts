export { studyExperiments } from './sections.ts';
export { type Published, studyPage } from './study-page.ts';
