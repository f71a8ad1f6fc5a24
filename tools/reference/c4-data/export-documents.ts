// Prints the documents of the embedded corpus, one JSON object a line, for train-tokenizer.py.
import { readEmbeddedCorpus } from '../../../packages/c4-data/src/sources/embedded-source.ts';

const documents = await readEmbeddedCorpus();
for (const { text } of documents) console.log(JSON.stringify({ text }));
