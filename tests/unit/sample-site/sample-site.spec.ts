import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { DOMParser } from '@xmldom/xmldom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkerDiskEngine, type DiskEngine } from '../../../src/main/disks/disk-engine.ts';
import { createSampleSite, removeSampleSite, type SampleSite } from '../../../src/main/sample-site/sample-site.ts';
import { sampleVms } from '../../../src/main/sample-site/sample-vms.ts';
import { oracle } from '../../oracles.ts';

const never = new AbortController().signal;
let folder = '';
let directory = '';
let site: SampleSite;
let engine: DiskEngine;

const filesBelow = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
const disksBelow = (path: string): string[] => filesBelow(path).filter((file) => /\.(qcow2|vhd|img)$/.test(file));

interface Definition {
  name: string;
  uuid: string;
  source: string;
  driver: string;
  video: string;
  isUefi: boolean;
}

function readDefinition(path: string): Definition {
  const xml = new DOMParser().parseFromString(readFileSync(path, 'utf8'), 'text/xml');
  const text = (name: string): string => xml.getElementsByTagName(name)[0]?.textContent ?? '';
  const attribute = (name: string, key: string, at = 0): string => xml.getElementsByTagName(name)[at]?.getAttribute(key) ?? '';
  return {
    name: text('name'), uuid: text('uuid'), source: attribute('source', 'file'), driver: attribute('driver', 'type'),
    video: attribute('model', 'type', 1), isUefi: attribute('os', 'firmware') === 'efi',
  };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'goldpress sample 示例-'));
  directory = join(folder, 'sample-site');
  engine = new WorkerDiskEngine();
  site = await createSampleSite(directory, engine, never);
});

afterAll(async () => {
  await engine.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe('the sample site', () => {
  it('has VMs with definitions beside their disks, and nothing unfinished', () => {
    const definitions = filesBelow(site.libraryPath).filter((file) => file.endsWith('.xml'));
    expect(definitions.length).toBeGreaterThanOrEqual(7);
    expect(new Set(definitions.map((file) => readDefinition(file).uuid)).size).toBe(definitions.length);
    for (const path of definitions) {
      const definition = readDefinition(path);
      const vm = sampleVms.find((item) => item.name === definition.name);
      expect(definition).toMatchObject({ uuid: vm?.uuid, video: vm?.video, isUefi: vm?.firmware === 'uefi', driver: vm?.format === 'vhd' ? 'vpc' : 'qcow2' });
      expect(dirname(definition.source)).toBe(dirname(path));
      expect(existsSync(definition.source)).toBe(true);
    }
    expect(readdirSync(folder)).toEqual(['sample-site']);
    expect(filesBelow(directory).filter((file) => file.includes('scratch'))).toEqual([]);
  });

  it('stays small, with two empty pools', () => {
    for (const path of disksBelow(site.libraryPath)) expect(statSync(path).blocks * 512).toBeLessThan(16 * 1024 ** 2);
    expect(site.pools).toHaveLength(2);
    for (const pool of site.pools) expect(readdirSync(pool.path)).toEqual([]);
  });

  it('has a document beside some VMs and beside the VDI image', () => {
    const documents = filesBelow(site.libraryPath).filter((file) => /\.(md|txt)$/.test(file));
    expect(documents.some((file) => file.endsWith('.txt'))).toBe(true);
    const image = documents.find((file) => file.endsWith('README.md')) ?? '';
    expect(image).toContain(join('library', 'images'));
    expect(disksBelow(dirname(image))).toHaveLength(1);
  });

  it('holds what inspection tells, disk by disk', async () => {
    const seen: Record<string, unknown> = {};
    for (const path of disksBelow(site.libraryPath)) {
      const found = await engine.inspect({ path, policy: { roots: [] } });
      expect(found.problems).toEqual([]);
      seen[basename(path)] = [found.layers[0]?.format, found.boot.only, found.os.name, found.hasVirtioStorage];
    }
    expect(seen).toEqual({
      'win11-office.qcow2': ['qcow2', 'uefi', 'Windows 11 Pro 23H2', true],
      'ubuntu-24.04-desktop.qcow2': ['qcow2', 'uefi', 'Ubuntu 24.04.1 LTS', null],
      'debian-12-kiosk.qcow2': ['qcow2', 'bios', 'Debian GNU/Linux 12 (bookworm)', null],
      'kylin-v10-sp1.qcow2': ['qcow2', 'uefi', 'Kylin V10 SP1', null],
      'win10-ltsc.qcow2': ['qcow2', 'uefi', 'Windows 10 Enterprise LTSC 2021 21H2', false],
      'rocky-9-engineering.qcow2': ['qcow2', 'uefi', 'Rocky Linux 9.4 (Blue Onyx)', null],
      'win7-branch-counter.vhd': ['vhd', 'bios', 'Windows 7 Professional Service Pack 1', true],
      'uos-desktop-20.img': ['raw', 'bios', 'UnionTech OS Desktop 20 Pro', null],
      'win10-ltsc-2021-vdi.qcow2': ['qcow2', 'uefi', 'Windows 10 Enterprise LTSC 2021 21H2', false],
    });
  });

  it('is left as it is when it is there', async () => {
    const changed = join(site.libraryPath, 'mine.txt');
    writeFileSync(changed, 'kept');
    expect(await createSampleSite(directory, engine, never)).toEqual(site);
    expect(readFileSync(changed, 'utf8')).toBe('kept');
    rmSync(changed);
  });
});

describe('making and removing', () => {
  it('replaces what a killed run left half made', async () => {
    const again = join(folder, 'again');
    mkdirSync(join(`${again}.partial`, 'library'), { recursive: true });
    writeFileSync(join(`${again}.partial`, 'library', 'half.qcow2'), 'half');
    await createSampleSite(again, engine, never);
    expect(filesBelow(again).some((file) => file.endsWith('half.qcow2'))).toBe(false);
    await removeSampleSite(again);
    await removeSampleSite(again);
    expect(readdirSync(folder)).toEqual(['sample-site']);
  });

  it('leaves nothing behind when a disk cannot be written or it is told to stop', async () => {
    const failing = join(folder, 'failing');
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    const broken: Pick<DiskEngine, 'convert'> = { convert: () => Promise.reject(full) };
    await expect(createSampleSite(failing, broken, never)).rejects.toMatchObject({ code: 'SAMPLE_SITE_FAILED', cause: full });
    await expect(createSampleSite(failing, engine, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect(readdirSync(folder)).toEqual(['sample-site']);
  });
});

const qemuImg = oracle('qemu-img', 'qemu-utils');
describe.skipIf(qemuImg === null)('against qemu-img', () => {
  it('is sound in every format', () => {
    for (const path of disksBelow(site.libraryPath).filter((file) => file.endsWith('.qcow2'))) {
      const report = JSON.parse(execFileSync(qemuImg ?? '', ['check', '--output=json', path], { encoding: 'utf8' })) as Record<string, number>;
      expect(report).toMatchObject({ 'check-errors': 0 });
      expect(report).not.toHaveProperty('leaks');
      const isCompressed = ['rocky-9-engineering.qcow2', 'win10-ltsc-2021-vdi.qcow2'].includes(basename(path));
      expect((report['compressed-clusters'] ?? 0) > 0).toBe(isCompressed);
    }
    const vhd = disksBelow(site.libraryPath).find((file) => file.endsWith('.vhd')) ?? '';
    expect(JSON.parse(execFileSync(qemuImg ?? '', ['info', '-f', 'vpc', '--output=json', vhd], { encoding: 'utf8' }))).toMatchObject({ format: 'vpc', 'virtual-size': 32 * 1024 ** 3 });
  });
});

const validator = oracle('virt-xml-validate', 'libvirt-clients libxml2-utils');
describe.skipIf(validator === null)('against libvirt', () => {
  it('is valid domain XML', () => {
    for (const path of filesBelow(site.libraryPath).filter((file) => file.endsWith('.xml'))) {
      expect(() => execFileSync(validator ?? '', [path, 'domain'], { stdio: 'pipe' })).not.toThrow();
    }
  });
});
