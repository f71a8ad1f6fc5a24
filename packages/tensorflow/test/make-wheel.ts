import { writeFileSync } from 'node:fs';
import { crc32, deflateRawSync } from 'node:zlib';

/** Bytes of an ELF library for x64 or arm64 (System V ABI: magic, and the machine at byte 18) that loads nowhere. */
export function elfLibrary(machine: 'x64' | 'arm64', content = 'library'): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 0, 'latin1');
  header.writeUInt16LE(machine === 'x64' ? 62 : 183, 18);
  return Buffer.concat([header, Buffer.from(content)]);
}

/** Writes a ZIP file (PKWARE's APPNOTE 4.3) of deflated entries; `wrongChecksum` names the one that lies. */
export function makeWheel(
  path: string,
  files: Readonly<Record<string, string | Buffer>>,
  wrongChecksum?: string,
): void {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const data = Buffer.from(content);
    const packed = deflateRawSync(data);
    const header = Buffer.alloc(26);
    header.writeUInt16LE(20, 0); // version needed to extract
    header.writeUInt16LE(8, 4); // deflate
    header.writeUInt32LE((crc32(data) ^ (name === wrongChecksum ? 1 : 0)) >>> 0, 10);
    header.writeUInt32LE(packed.length, 14);
    header.writeUInt32LE(data.length, 18);
    header.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), header, Buffer.from(name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    central.push(
      Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), header, rest, Buffer.from(name)]),
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  writeFileSync(path, Buffer.concat([...locals, directory, end]));
}

/** The files of a wheel of TensorFlow as far as an installation reads them. */
export function tensorflowFiles(machine: 'x64' | 'arm64' = 'x64'): Record<string, string | Buffer> {
  return {
    'tensorflow/__init__.py': 'raise ImportError',
    'tensorflow/libtensorflow_cc.so.2': elfLibrary(machine, 'the library'.repeat(1000)),
    'tensorflow/libtensorflow_framework.so.2': elfLibrary(machine, 'the framework'),
    'tensorflow/include/tensorflow/c/c_api.h': '// C',
    'tensorflow/include/tensorflow/core/framework/op.h': '// C++',
    'tensorflow_cpu-2.19.1.dist-info/METADATA': 'Name: tensorflow_cpu\n',
  };
}
