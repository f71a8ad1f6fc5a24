// What tests of numbers read of Node's module of the same name, in a browser: fixtures, through the server that the tests come from.
// Requests wait for their answer, as Node's functions do.

function request(url: string | URL, kind: 'file' | 'folder'): XMLHttpRequest {
  const { pathname } = new URL(url);
  const answer = new XMLHttpRequest();
  answer.open('GET', `/@files?${new URLSearchParams({ path: pathname, kind })}`, false);
  // Every byte becomes a character of its own.
  answer.overrideMimeType('text/plain; charset=x-user-defined');
  answer.send();
  return answer;
}

function read(url: string | URL, kind: 'file' | 'folder'): Uint8Array {
  const { status, responseText } = request(url, kind);
  if (status !== 200) throw new Error(`there is no ${kind} ${String(url)} (status ${status})`);
  return Uint8Array.from(responseText, (character) => character.charCodeAt(0) & 0xff);
}

export function existsSync(url: URL): boolean {
  return ['file', 'folder'].some((kind) => request(url, kind as 'file' | 'folder').status === 200);
}

export function readFileSync(url: URL, encoding?: 'utf8'): Uint8Array | string {
  const bytes = read(url, 'file');
  return encoding === undefined ? bytes : new TextDecoder().decode(bytes);
}

export function readdirSync(url: URL, { recursive = false }: { recursive?: boolean } = {}): string[] {
  const names = JSON.parse(new TextDecoder().decode(read(url, 'folder'))) as string[];
  return recursive ? names : [...new Set(names.map((name) => name.split('/')[0]!))];
}

function refuse(): never {
  throw new Error('a browser records no files: record them in Node, by npx vitest run');
}

export { refuse as mkdirSync, refuse as writeFileSync };
