/** The processor that a program is made for, from its PE (Windows, EFI) or ELF (Linux) header. */
const peMachines: Readonly<Record<number, string>> = { 0x14c: 'i686', 0x8664: 'x86_64', 0xaa64: 'aarch64', 0x6264: 'loongarch64', 0x5064: 'riscv64' };
const elfMachines: Readonly<Record<number, string>> = { 3: 'i686', 62: 'x86_64', 183: 'aarch64', 258: 'loongarch64', 243: 'riscv64', 21: 'ppc64', 22: 's390x', 8: 'mips64' };

/** How much of a file these functions want to see. */
export const headerBytes = 1024;

/** Whether the bytes start a PE program, and for which processor (null = one that is not known here). */
export function peArchitecture(start: Buffer): { isProgram: boolean; architecture: string | null } {
  const none = { isProgram: false, architecture: null };
  if (start.length < 64 || start.toString('latin1', 0, 2) !== 'MZ') return none;
  const at = start.readUInt32LE(0x3c);
  if (at + 6 > start.length || start.toString('latin1', at, at + 4) !== 'PE\0\0') return none;
  return { isProgram: true, architecture: peMachines[start.readUInt16LE(at + 4)] ?? null };
}

/** The processor of an ELF program; null where it is none, or one that is not known here. */
export function elfArchitecture(start: Buffer): string | null {
  if (start.length < 20 || start.toString('latin1', 0, 4) !== '\x7fELF') return null;
  const machine = start.readUInt8(5) === 2 ? start.readUInt16BE(18) : start.readUInt16LE(18);
  // ppc64le is the little-endian ppc64; the others have one byte order in use.
  if (machine === 21 && start.readUInt8(5) === 1) return 'ppc64le';
  return elfMachines[machine] ?? null;
}
