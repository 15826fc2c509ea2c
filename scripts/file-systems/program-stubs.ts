/** The smallest valid program headers, for fixtures that only need to be recognised: PE (Windows, EFI loaders) and ELF. */
export type Machine = 'x86_64' | 'i686' | 'aarch64';

const peMachines: Record<Machine, number> = { x86_64: 0x8664, i686: 0x14c, aarch64: 0xaa64 };
const elfMachines: Record<Machine, number> = { x86_64: 62, i686: 3, aarch64: 183 };

/** Subsystems of the PE optional header: 1 is native (the kernel), 10 an EFI application. */
export function peStub(machine: Machine, subsystem: 1 | 10): Buffer {
  const isPlus = machine !== 'i686';
  const bytes = Buffer.alloc(512);
  bytes.write('MZ', 0, 'latin1');
  bytes.writeUInt32LE(0x40, 0x3c);
  bytes.write('PE\0\0', 0x40, 'latin1');
  bytes.writeUInt16LE(peMachines[machine], 0x44);
  const optionalBytes = isPlus ? 240 : 224;
  bytes.writeUInt16LE(optionalBytes, 0x54);
  bytes.writeUInt16LE(0x22, 0x56);
  const optional = 0x58;
  bytes.writeUInt16LE(isPlus ? 0x20b : 0x10b, optional);
  bytes.writeUInt32LE(0x1000, optional + 32);
  bytes.writeUInt32LE(0x200, optional + 36);
  bytes.writeUInt32LE(0x1000, optional + 56);
  bytes.writeUInt32LE(0x200, optional + 60);
  bytes.writeUInt16LE(subsystem, optional + 68);
  bytes.writeUInt32LE(16, optional + (isPlus ? 108 : 92));
  return bytes;
}

/** An ELF executable header without segments. */
export function elfStub(machine: Machine): Buffer {
  const is64 = machine !== 'i686';
  const bytes = Buffer.alloc(is64 ? 64 : 52);
  bytes.write('\x7fELF', 0, 'latin1');
  bytes.writeUInt8(is64 ? 2 : 1, 4);
  bytes.writeUInt8(1, 5);
  bytes.writeUInt8(1, 6);
  bytes.writeUInt16LE(2, 16);
  bytes.writeUInt16LE(elfMachines[machine], 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeUInt16LE(bytes.length, is64 ? 52 : 40);
  return bytes;
}
