/** Seed: image-publishing.txt, “File Type”. */
import { describe, expect, it } from 'vitest';
import type { FileType } from '../../../src/shared/model/desktop-image.ts';
import type { Architecture } from '../../../src/shared/model/flavor.ts';
import type { OsFamily } from '../../../src/shared/model/os.ts';
import { fileTypeChoice, fileTypeProblem } from '../../../src/shared/rules/file-type.ts';

interface Row {
  sentence: string;
  architecture: Architecture;
  os: OsFamily;
  allowed: FileType[];
  preselected: FileType | null;
  isFixed: boolean;
}

const tci = '“If the desktop image is used for TCI, Select QCOW2.”';
const linux = '“If the operating system of the desktop image is Linux, select QCOW2.”';
const windows = '“If the operating system of the desktop image is Windows, select VHD.”';
const options = '“File Type: … Options include QCOW2 and VHD.”';
const families: OsFamily[] = ['windows', 'linux', 'other', 'unknown'];

const rows: Row[] = [
  ...families.map((os): Row => ({ sentence: tci, architecture: 'tci', os, allowed: ['qcow2'], preselected: 'qcow2', isFixed: true })),
  { sentence: linux, architecture: 'voi', os: 'linux', allowed: ['qcow2'], preselected: 'qcow2', isFixed: true },
  { sentence: windows, architecture: 'voi', os: 'windows', allowed: ['vhd'], preselected: 'vhd', isFixed: true },
  { sentence: `${linux} ${windows} (neither is known)`, architecture: 'voi', os: 'unknown', allowed: [], preselected: null, isFixed: false },
  { sentence: options, architecture: 'voi', os: 'other', allowed: ['qcow2', 'vhd'], preselected: 'qcow2', isFixed: false },
  ...(['vdi', 'idv'] as const).flatMap((architecture) => families.map((os): Row => (
    { sentence: options, architecture, os, allowed: ['qcow2', 'vhd'], preselected: 'qcow2', isFixed: false }))),
];

describe('file type', () => {
  it.each(rows)('$architecture with $os: $sentence', ({ architecture, os, allowed, preselected, isFixed }) => {
    expect(fileTypeChoice(architecture, os)).toMatchObject({ allowed, preselected, isFixed });
    for (const type of ['qcow2', 'vhd'] as const) expect(fileTypeProblem(architecture, os, type) === null).toBe(allowed.includes(type));
  });

  it('says that the operating system comes first', () => {
    expect(fileTypeProblem('voi', 'unknown', 'vhd')?.code).toBe('FILE_TYPE_OS_NEEDED');
  });
});
