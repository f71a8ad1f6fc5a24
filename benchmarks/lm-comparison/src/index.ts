export { claimsPage, type StudyResults, studyExperiments } from './claims-page.ts';
