/** Little-endian 64-bit numbers of disk formats. Values above 2^53 are not disks but mistakes or traps, and come back as infinity. */

/** An unsigned 64-bit number as a double, exact below 2^53; `Infinity` above, which every bounds check refuses. */
export function readU64Le(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32LE(at + 4);
  return high >= 0x200000 ? Infinity : high * 0x1_0000_0000 + bytes.readUInt32LE(at);
}
