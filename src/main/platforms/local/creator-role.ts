/** Defines a new VM in the library: a libvirt definition beside a disk that a workflow has written. */
import { createHash } from 'node:crypto';
import { readdir, statfs } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { CreatorRole, NewVmSpec } from '../connector.ts';
import { createDefinition, exists, readDefinition } from './definition-file.ts';
import { domainText } from '../domain-xml/domain-template.ts';
import { cutToBytes } from './file-names.ts';
import type { LibraryRoot } from './library-root.ts';
import { readOnlyReason } from './writability.ts';

const extensions: Readonly<Record<NewVmSpec['diskFormat'], string>> = { qcow2: '.qcow2', raw: '.raw', vhd: '.vhd', vhdx: '.vhdx', vmdk: '.vmdk' };

export class LocalCreator implements CreatorRole {
  readonly #root: LibraryRoot;

  constructor(root: LibraryRoot) {
    this.#root = root;
  }

  /** Names both files after the VM, with a number where something of that name is already there. Nothing is made. */
  async prepare(spec: NewVmSpec): Promise<{ diskPath: string; definitionPath: string; freeBytes: number }> {
    const root = await this.#root.real();
    const readOnly = await readOnlyReason(root);
    if (readOnly !== null) throw new AppError(readOnly.code, readOnly.params);
    const taken = new Set((await readdir(root)).map((name) => name.slice(0, name.length - extname(name).length).toLowerCase()));
    const base = fileNameFor(spec.name);
    let name = base;
    for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = `${base} (${number})`;
    const space = await statfs(root);
    return { diskPath: join(root, `${name}${extensions[spec.diskFormat]}`), definitionPath: join(root, `${name}.xml`), freeBytes: space.bavail * space.bsize };
  }

  /** Doing it again is harmless: the same VM at the same place is the one that was made before. */
  async define(spec: NewVmSpec, { diskPath, definitionPath }: { diskPath: string; definitionPath: string }): Promise<ExternalId> {
    const root = await this.#root.real();
    if (dirname(diskPath) !== root || dirname(definitionPath) !== root) throw new AppError('LIBRARY_FILE_OUTSIDE', { file: definitionPath, folder: root });
    if (!(await exists(diskPath))) throw new AppError('LIBRARY_DISK_MISSING', { file: basename(diskPath), folder: root });
    const text = domainText(spec, basename(diskPath), uuidFor(definitionPath, spec.name));
    if (await exists(definitionPath)) {
      if ((await readDefinition(definitionPath)).text !== text) throw new AppError('LIBRARY_NAME_TAKEN', { file: definitionPath });
    } else await createDefinition(definitionPath, text);
    return this.#root.idOf(definitionPath);
  }
}

/** Derived, so that a second attempt writes the same text; a version-4 UUID in form. */
function uuidFor(path: string, name: string): string {
  const hex = createHash('sha256').update(path).update('\0').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const reserved = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

/** A name that every file system takes, also that of a USB disk which goes to Windows next. At most 120 bytes, cut between characters. */
export function fileNameFor(name: string): string {
  const clean = name.normalize('NFC').replace(/[\p{Cc}\p{Cf}<>:"/\\|?*]/gu, '_').replace(/^[\s.]+|[\s.]+$/g, '');
  const safe = cutToBytes(clean, 120).trimEnd();
  if (safe === '') return 'vm';
  return reserved.test(safe) ? `${safe}_` : safe;
}
