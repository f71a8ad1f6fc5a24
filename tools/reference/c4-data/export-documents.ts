// Prints the documents of the embedded corpus, one JSON object a line, for train-tokenizer.py.
import { openEmbeddedCorpus } from '../../../packages/c4-data/src/embedded-corpus.ts';

const corpus = await openEmbeddedCorpus();
for (const { text } of corpus.documents()) console.log(JSON.stringify({ text }));
