/** A disk that boots: its loader says a known line on the serial console and halts. And the check that a published image still does. */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';

/** 16-bit code for a boot sector: writes the text after it to the first serial port, letter by letter, then halts. */
function loaderCode(text: string): Buffer {
  const code = Buffer.from([
    0x31, 0xc0, // xor ax, ax
    0x8e, 0xd8, // mov ds, ax
    0xbe, 0x15, 0x7c, // mov si, text
    0xac, // next: lodsb
    0x84, 0xc0, // test al, al
    0x74, 0x06, // jz end
    0xba, 0xf8, 0x03, // mov dx, 0x3f8
    0xee, // out dx, al
    0xeb, 0xf5, // jmp next
    0xf4, // end: hlt
    0xeb, 0xfd, // jmp end
  ]);
  return Buffer.concat([code, Buffer.from(`${text}\r\n\0`, 'latin1')]);
}

/** An MBR with the loader and one active Linux partition behind the first MiB. */
export function bootSector(text: string, diskBytes: number): Buffer {
  const sector = Buffer.alloc(512);
  loaderCode(text).copy(sector, 0, 0, 440);
  sector.writeUInt32LE(0x676f6c64, 440);
  sector.set([0x80, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff], 446);
  sector.writeUInt32LE(2048, 454);
  sector.writeUInt32LE(diskBytes / 512 - 2048, 458);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

/** @param data lies in the partition, so that there is something to convert */
export async function writeBootDisk(path: string, text: string, diskBytes: number, data: Buffer): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.truncate(diskBytes);
    await file.write(bootSector(text, diskBytes), 0, 512, 0);
    await file.write(data, 0, data.length, 4 * 1024 ** 2);
  } finally {
    await file.close();
  }
}

const bootMs = 120_000;

/** What the serial console says until the text comes, or until the time is over. Software emulation: no KVM is needed. */
export function bootAndListen(path: string, format: 'qcow2' | 'vpc' | 'raw', text: string): Promise<string> {
  const child = spawn('qemu-system-x86_64', [
    '-accel', 'tcg', '-m', '128', '-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-nic', 'none', '-no-reboot', '-snapshot',
    '-drive', `file.driver=file,file.filename=${path.replaceAll(',', ',,')},driver=${format},if=ide`,
  ], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), bootMs);
    const take = (part: string): void => {
      said += part;
      if (said.includes(text)) child.kill('SIGKILL');
    };
    child.stdout.setEncoding('latin1').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      resolve(said);
    });
  });
}
