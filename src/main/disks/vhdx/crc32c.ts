/** CRC-32C (Castagnoli), which VHDX guards its structures with; Node's own `crc32` is the other polynomial. */

/** Four tables, so that four bytes are taken at a time. */
const tables = buildTables();

function buildTables(): readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  const first = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    first[byte] = crc >>> 0;
  }
  const next = (table: Uint32Array): Uint32Array => table.map((crc) => (crc >>> 8) ^ (first[crc & 0xff] ?? 0));
  const second = next(first);
  const third = next(second);
  return [first, second, third, next(third)];
}

/** The checksum of `bytes`, with the four bytes at `fieldAt` (the checksum's own place) taken as zero. */
export function crc32c(bytes: Buffer, fieldAt: number): number {
  let crc = update(0xffffffff, bytes, 0, fieldAt);
  crc = update(crc, Buffer.alloc(4), 0, 4);
  return ~update(crc, bytes, fieldAt + 4, bytes.length) >>> 0;
}

function update(start: number, bytes: Buffer, from: number, to: number): number {
  const [first, second, third, fourth] = tables;
  let crc = start;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    crc ^= bytes.readUInt32LE(at);
    crc = (fourth[crc & 0xff] ?? 0) ^ (third[(crc >>> 8) & 0xff] ?? 0) ^ (second[(crc >>> 16) & 0xff] ?? 0) ^ (first[crc >>> 24] ?? 0);
  }
  for (; at < to; at += 1) crc = (crc >>> 8) ^ (first[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return crc;
}
