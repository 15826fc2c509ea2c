/** Big-endian numbers of disk formats. Offsets above 2^53 are not disks but mistakes or traps, and come back as infinity. */

/** An unsigned 64-bit number as a double, exact below 2^53; `Infinity` above, which every bounds check refuses. */
export function readU64(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32BE(at);
  return high >= 0x200000 ? Infinity : high * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}

export function writeU64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at);
  bytes.writeUInt32BE(value % 0x1_0000_0000, at + 4);
}
