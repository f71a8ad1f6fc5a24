import { closeSync, openSync, readSync } from 'node:fs';

/** Processor numbers in the headers of ELF (System V ABI) and of Mach-O files, by Node's names of processors. */
const elfMachines: Readonly<Record<number, string>> = { 62: 'x64', 183: 'arm64' };
const machOProcessors: Readonly<Record<number, string>> = { 16777223: 'x64', 16777228: 'arm64' };
const elfMagic = 0x464c457f;
const machOMagic = 0xfeedfacf;

/** For which processor a shared library is, by Node's name; undefined if the file is none that is known here. */
export function architectureOf(path: string): string | undefined {
  const header = Buffer.alloc(20);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
  const magic = header.readUInt32LE(0);
  if (magic === elfMagic) return elfMachines[header.readUInt16LE(18)];
  if (magic === machOMagic) return machOProcessors[header.readUInt32LE(4)];
  return undefined;
}
