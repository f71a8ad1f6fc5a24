import { crc32c } from './crc32c.ts';

/** Numbers logged together: TensorBoard's scalars, by tag. */
export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly scalars: Readonly<Record<string, number>>;
}

/** Content of a TensorBoard event file: a record that names the format, then one an event. */
export function encodeEventFile(start: number, events: readonly ScalarEvent[]): Buffer {
  const version = Buffer.concat([double(1, start), bytes(3, Buffer.from('brain.Event:2'))]);
  return Buffer.concat([version, ...events.map(encodeEvent)].map(record));
}

/** A TFRecord: length, its checksum, the data, its checksum. */
function record(data: Buffer): Buffer {
  const framed = Buffer.alloc(data.length + 16);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  framed.writeUInt32LE(maskedChecksum(framed.subarray(0, 8)), 8);
  data.copy(framed, 12);
  framed.writeUInt32LE(maskedChecksum(data), 12 + data.length);
  return framed;
}

/** TFRecord's masking keeps a checksum of data that holds checksums from being weak. */
function maskedChecksum(data: Uint8Array): number {
  const checksum = crc32c(data);
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}

/** `Event { double wall_time = 1; int64 step = 2; Summary summary = 5; }` of tensorflow/core/util/event.proto. */
function encodeEvent({ wallTime, step, scalars }: ScalarEvent): Buffer {
  const values = Object.entries(scalars).map(([tag, value]) =>
    // Summary { repeated Value value = 1 }, Value { string tag = 1; float simple_value = 2 }.
    bytes(1, Buffer.concat([bytes(1, Buffer.from(tag)), float(2, value)])),
  );
  return Buffer.concat([
    double(1, wallTime),
    Buffer.from([key(2, 0), ...varint(step)]),
    bytes(5, Buffer.concat(values)),
  ]);
}

/** A field's number and wire type. */
function key(field: number, wireType: 0 | 1 | 2 | 5): number {
  return (field << 3) | wireType;
}

function varint(value: number): number[] {
  const digits: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    digits.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...digits, rest];
}

function double(field: number, value: number): Buffer {
  const encoded = Buffer.alloc(9);
  encoded[0] = key(field, 1);
  encoded.writeDoubleLE(value, 1);
  return encoded;
}

function float(field: number, value: number): Buffer {
  const encoded = Buffer.alloc(5);
  encoded[0] = key(field, 5);
  encoded.writeFloatLE(value, 1);
  return encoded;
}

function bytes(field: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([key(field, 2), ...varint(content.length)]), content]);
}
