/** Tar archives made by hand, entry by entry, also wrong ones. */

export interface TarMember {
  name: string;
  bytes?: Buffer;
  type?: string;
  /** Instead of the length of `bytes`. */
  size?: number;
  gnu?: boolean;
  link?: string;
  prefix?: string;
  /** Writes the size in GNU's binary form. */
  isBinarySize?: boolean;
}

export function tarHeader(member: TarMember): Buffer {
  const header = Buffer.alloc(512);
  const size = member.size ?? member.bytes?.length ?? 0;
  header.write(member.name, 0, 100, 'utf8');
  header.write('0000644\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  if (member.isBinarySize === true) {
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(size), 128);
  } else header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('00000000000\0', 136, 'latin1');
  header.write(member.type ?? '0', 156, 'latin1');
  header.write(member.link ?? '', 157, 'utf8');
  header.write(member.gnu === true ? 'ustar  \0' : 'ustar\x0000', 257, 'latin1');
  header.write(member.prefix ?? '', 345, 'utf8');
  return sealed(header);
}

export function sealed(header: Buffer): Buffer {
  header.fill(0x20, 148, 156);
  header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

export function tar(members: readonly TarMember[], end = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([
    ...members.flatMap((member) => {
      const bytes = member.bytes ?? Buffer.alloc(0);
      return [tarHeader(member), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
    }),
    end,
  ]);
}

/** One record of a pax header. */
export function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length += 1;
  return Buffer.from(`${length} ${key}=${value}\n`);
}
