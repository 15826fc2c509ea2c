/**
 * A libvirt as far as the connector can see one: domains, snapshots and folder pools, spoken to in virsh's words. Disks are real files,
 * made and copied by our own engine. Follows what a real libvirt 9.0 was seen to do, refusals included.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import { setDiskSource } from '../../../src/main/platforms/domain-xml/domain-edit.ts';
import { parseDomain } from '../../../src/main/platforms/domain-xml/domain-xml.ts';
import { attribute, child, descend, parseXml, serializeXml, textOf } from '../../../src/main/platforms/domain-xml/xml.ts';
import { parseSnapshot } from '../../../src/main/platforms/libvirt/snapshot-xml.ts';
import { escapeXml } from '../../fixtures/local-library.ts';
import { splitCommands } from './words.ts';

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

interface Snapshot {
  name: string;
  description: string;
  createdAt: number;
  parent: string | null;
  domainText: string;
  overlays: Map<string, string>;
}

export interface SimulatedDomain {
  uuid: string;
  text: string;
  power: 'running' | 'stopped' | 'paused';
  hasSavedState: boolean;
  ignoresShutdown: boolean;
  snapshots: Map<string, Snapshot>;
  current: string | null;
}

class Refusal extends Error {}

const poolUuid = (name: string): string => {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

export class SimulatedLibvirt {
  readonly domains = new Map<string, SimulatedDomain>();
  /** Folders by the pool's name. */
  readonly pools = new Map<string, string>();
  readonly #engine: WorkerDiskEngine;
  /** The account may only look. */
  isReadOnly = false;
  /** Answers with something that is not virsh's. */
  garbage: string | null = null;
  /** Every command with its words, for tests that look at what was asked. */
  readonly asked: string[][] = [];

  constructor(engine: WorkerDiskEngine) {
    this.#engine = engine;
  }

  async virsh(args: string[], stdin: string): Promise<Answer> {
    if (this.garbage !== null) return { code: 0, stdout: this.garbage, stderr: '' };
    const words = [...args];
    let isLooking = false;
    while (words[0]?.startsWith('-') === true) {
      const option = words.shift();
      if (option === '-c') words.shift();
      if (option === '-r') isLooking = true;
    }
    if (this.isReadOnly && !isLooking) {
      return {
        code: 1, stdout: '',
        stderr: "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied\n",
      };
    }
    // virsh reads a single word as a line of commands.
    const commands = words.length === 1 ? splitCommands(words[0] ?? '') : [words];
    let stdout = '';
    let stderr = '';
    let code = 0;
    for (const command of commands) {
      this.asked.push(command);
      try {
        stdout += await this.#run(command, stdin);
        code = 0;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        stderr += `error: ${error.message}\n`;
        code = 1;
      }
    }
    return { code, stdout, stderr };
  }

  async #run([name = '', ...rest]: string[], stdin: string): Promise<string> {
    const options = new Map<string, string>();
    const flags = new Set<string>();
    const plain: string[] = [];
    const diskspecs: string[] = [];
    const valued = new Set([
      '--domain', '--name', '--description', '--diskspec', '--snapshotname', '--pool', '--vol', '--file', '--inputpool', '--capacity', '--format', '--backing-vol', '--backing-vol-format',
      '--xmlfile', '--str', '--timeout', '--cmd', '--virttype', '--arch',
    ]);
    for (let at = 0; at < rest.length; at += 1) {
      const word = rest[at] ?? '';
      const isSwitch = word === '--name' && (name === 'snapshot-list' || name === 'snapshot-current');
      if (word === '--diskspec') diskspecs.push(rest[(at += 1)] ?? '');
      else if (valued.has(word) && !isSwitch) options.set(word, rest[(at += 1)] ?? '');
      else if (word.startsWith('--')) flags.add(word);
      else plain.push(word);
    }
    const option = (key: string): string => options.get(key) ?? '';
    const domain = (): SimulatedDomain => this.#domain(option('--domain'));
    switch (name) {
      case 'echo': return option('--str');
      case 'uri': return 'qemu:///system\n';
      case 'version': return 'Compiled against library: libvirt 9.0.0\nUsing library: libvirt 9.0.0\nRunning hypervisor: QEMU 7.2.0\n';
      case 'list': return [...this.domains.values()].filter((item) => isListed(item, flags)).map((item) => `${item.uuid}\n`).join('');
      case 'dumpxml': return domain().text;
      case 'dominfo': return `State:          ${{ running: 'running', stopped: 'shut off', paused: 'paused' }[domain().power]}\nManaged save:   ${domain().hasSavedState ? 'yes' : 'no'}\n`;
      case 'define': return this.#define(stdin);
      case 'undefine': return this.#undefine(domain(), flags);
      case 'start': case 'resume': domain().power = 'running'; return '';
      case 'destroy': case 'shutdown': {
        const item = domain();
        if (item.power === 'stopped') throw new Refusal('Requested operation is not valid: domain is not running');
        if (name === 'destroy' || !item.ignoresShutdown) item.power = 'stopped';
        return '';
      }
      case 'domcapabilities': return '<domainCapabilities/>\n';
      case 'domifaddr': return domain().power === 'running' ? ' vnet0      52:54:00:00:00:01    ipv4         192.168.122.5/24\n' : '';
      case 'qemu-agent-command': throw new Refusal('argument unsupported: QEMU guest agent is not configured');
      case 'pool-list': return [...this.pools.keys()].map((pool) => `${poolUuid(pool)}\n`).join('');
      case 'pool-dumpxml': return this.#poolXml(option('--pool'));
      case 'pool-refresh': this.#pool(option('--pool')); return '';
      case 'vol-create-as': return this.#createVolume(options);
      case 'vol-create-from': return this.#copyVolume(options, stdin);
      case 'vol-delete': {
        const path = join(this.#pool(option('--pool')), option('--vol'));
        if (!existsSync(path)) throw new Refusal(`failed to get vol '${basename(path)}'`);
        await rm(path);
        return '';
      }
      case 'snapshot-list': return [...domain().snapshots.keys()].map((item) => `${item}\n`).join('');
      case 'snapshot-current': {
        const { current } = domain();
        if (current === null) throw new Refusal('domain has no current snapshot');
        return `${current}\n`;
      }
      case 'snapshot-dumpxml': return snapshotXml(this.#snapshot(domain(), option('--snapshotname')));
      case 'snapshot-create-as': return this.#takeSnapshot(domain(), option('--name'), option('--description'), diskspecs);
      case 'snapshot-create': return redefine(domain(), stdin, flags.has('--current'));
      case 'snapshot-delete': return this.#deleteSnapshot(domain(), option('--snapshotname'));
      default: throw new Refusal(`unknown command: '${name}'`);
    }
  }

  #domain(uuid: string): SimulatedDomain {
    const found = this.domains.get(uuid);
    if (found === undefined) throw new Refusal(`failed to get domain '${uuid}'`);
    return found;
  }

  #pool(uuid: string): string {
    const found = [...this.pools].find(([name]) => poolUuid(name) === uuid)?.[1];
    if (found === undefined) throw new Refusal(`failed to get pool '${uuid}'`);
    return found;
  }

  #snapshot(domain: SimulatedDomain, name: string): Snapshot {
    const found = domain.snapshots.get(name);
    if (found === undefined) throw new Refusal(`Domain snapshot not found: no domain snapshot with matching name '${name}'`);
    return found;
  }

  #define(text: string): string {
    const parsed = parseDomain(text, 'stdin');
    const uuid = parsed.uuid ?? randomUUID();
    const sameName = [...this.domains.values()].find((item) => parseDomain(item.text, item.uuid).name === parsed.name);
    if (sameName !== undefined && sameName.uuid !== uuid) throw new Refusal(`operation failed: domain '${parsed.name}' already exists with uuid ${sameName.uuid}`);
    const os = child(parsed.root, 'os');
    if (attribute(os, 'firmware') === 'efi' && attribute(child(os, 'loader'), 'secure') === 'no') throw new Refusal('unsupported configuration: loader secure with firmware');
    if (attribute(os, 'firmware') === 'efi' && descend(parsed.root, 'features', 'acpi') === undefined) throw new Refusal('unsupported configuration: firmware needs ACPI');
    const written = parsed.uuid === null ? text.replace(/<name>/, `<uuid>${uuid}</uuid><name>`) : text;
    const known = this.domains.get(uuid);
    if (known === undefined) this.domains.set(uuid, { uuid, text: written, power: 'stopped', hasSavedState: false, ignoresShutdown: false, snapshots: new Map(), current: null });
    else known.text = written;
    return `Domain '${parsed.name}' defined from stdin\n`;
  }

  #undefine(domain: SimulatedDomain, flags: Set<string>): string {
    const isUefi = parseDomain(domain.text, domain.uuid).bootMode === 'uefi';
    if (isUefi && !flags.has('--nvram') && !flags.has('--keep-nvram')) throw new Refusal('Requested operation is not valid: cannot undefine domain with nvram');
    if (domain.snapshots.size > 0 && !flags.has('--snapshots-metadata')) throw new Refusal(`cannot delete inactive domain with ${String(domain.snapshots.size)} snapshots`);
    this.domains.delete(domain.uuid);
    return '';
  }

  #poolXml(uuid: string): string {
    const path = this.#pool(uuid);
    const name = [...this.pools].find(([, folder]) => folder === path)?.[0] ?? '';
    return `<pool type='dir'>\n  <name>${escapeXml(name)}</name>\n  <uuid>${uuid}</uuid>\n  <capacity unit='bytes'>270553174016</capacity>\n`
      + `  <allocation unit='bytes'>1</allocation>\n  <available unit='bytes'>245446479872</available>\n  <target><path>${escapeXml(path)}</path></target>\n</pool>\n`;
  }

  async #createVolume(options: Map<string, string>): Promise<string> {
    const path = join(this.#pool(options.get('--pool') ?? ''), options.get('--name') ?? '');
    const basePath = options.get('--backing-vol') ?? '';
    if (existsSync(path)) throw new Refusal(`storage volume '${basename(path)}' exists already`);
    await this.#engine.createOverlay({ path, basePath, policy: { roots: [dirname(basePath)] } });
    return '';
  }

  async #copyVolume(options: Map<string, string>, stdin: string): Promise<string> {
    const { root } = parseXml(stdin, 'stdin');
    const path = join(this.#pool(options.get('--pool') ?? ''), textOf(child(root, 'name')) ?? '');
    const source = options.get('--vol') ?? '';
    if (!existsSync(source)) throw new Refusal(`Storage volume not found: no storage vol with matching path '${source}'`);
    if (existsSync(path)) throw new Refusal(`storage volume '${basename(path)}' exists already`);
    await this.#engine.convert({
      source: { path: source, policy: { roots: [dirname(source)] } }, targetPath: `${path}.new`, targetFormat: 'qcow2', compression: null, checkpointPath: null, maxTargetBytes: null,
    }, () => undefined);
    await rename(`${path}.new`, path);
    return '';
  }

  async #takeSnapshot(domain: SimulatedDomain, name: string, description: string, diskspecs: readonly string[]): Promise<string> {
    if (domain.snapshots.has(name)) throw new Refusal(`operation failed: domain snapshot ${name} already exists`);
    if (name.includes('/') || name.startsWith('.')) throw new Refusal("XML error: Invalid snapshot name");
    const before = domain.text;
    const parsed = parseDomain(before, domain.uuid);
    const overlays = new Map<string, string>();
    for (const spec of diskspecs) {
      const [key = '', ...parts] = spec.replaceAll(',,', '\0').split(',');
      const overlay = (parts.find((part) => part.startsWith('file='))?.slice(5) ?? '').replaceAll('\0', ',');
      const disk = parsed.disks.find((item) => item.key === key);
      if (disk?.file == null) throw new Refusal(`no disk '${key}'`);
      if (existsSync(overlay)) throw new Refusal(`external snapshot file for disk ${key} already exists: ${overlay}`);
      await this.#engine.createOverlay({ path: overlay, basePath: disk.file, policy: { roots: [dirname(disk.file)] } });
      setDiskSource(disk, overlay, 'qcow2');
      overlays.set(key, overlay);
    }
    domain.text = serializeXml(parsed.document);
    domain.snapshots.set(name, { name, description, createdAt: Math.floor(Date.now() / 1000), parent: domain.current, domainText: before, overlays });
    domain.current = name;
    return '';
  }

  #deleteSnapshot(domain: SimulatedDomain, name: string): string {
    const { parent, overlays, domainText } = this.#snapshot(domain, name);
    domain.snapshots.delete(name);
    // As libvirt 9.0 does, also where only the record goes: it takes the overlay for merged into its base.
    const bases = parseDomain(domainText, name).disks;
    for (const other of domain.snapshots.values()) {
      if (other.parent !== name) continue;
      const held = parseDomain(other.domainText, other.name);
      for (const disk of held.disks) {
        const base = bases.find((item) => item.key === disk.key);
        if (base?.file != null && disk.file === overlays.get(disk.key)) setDiskSource(disk, base.file, base.format === 'qcow2' ? 'qcow2' : 'raw');
      }
      other.domainText = serializeXml(held.document);
    }
    for (const other of domain.snapshots.values()) if (other.parent === name) other.parent = parent;
    if (domain.current === name) domain.current = parent;
    return '';
  }
}

function isListed(domain: SimulatedDomain, flags: ReadonlySet<string>): boolean {
  if (flags.has('--with-managed-save')) return domain.hasSavedState;
  if (flags.has('--with-snapshot')) return domain.snapshots.size > 0;
  if (flags.has('--state-running')) return domain.power === 'running';
  if (flags.has('--state-paused')) return domain.power === 'paused';
  if (flags.has('--state-other')) return false;
  return flags.has('--all') || domain.power !== 'stopped';
}

/** Tells a snapshot that is there once more; of what it says, the domain inside is kept. */
function redefine(domain: SimulatedDomain, text: string, isCurrent: boolean): string {
  const told = parseSnapshot(text, 'stdin');
  const known = domain.snapshots.get(told.name);
  if (known === undefined || told.domainText === null) throw new Refusal('XML error: missing domain in snapshot');
  known.domainText = told.domainText;
  if (isCurrent) domain.current = told.name;
  return '';
}

function snapshotXml({ name, description, createdAt, parent, domainText, overlays }: Snapshot): string {
  const disks = [...overlays].map(([key, file]) => `<disk name='${key}' snapshot='external' type='file'><driver type='qcow2'/><source file='${escapeXml(file)}'/></disk>`);
  return `<domainsnapshot>\n  <name>${escapeXml(name)}</name>\n  <description>${escapeXml(description)}</description>\n  <state>shutoff</state>\n`
    + `${parent === null ? '' : `  <parent><name>${escapeXml(parent)}</name></parent>\n`}  <creationTime>${String(createdAt)}</creationTime>\n  <memory snapshot='no'/>\n`
    + `  <disks>${disks.join('')}</disks>\n  ${domainText.replace(/^<\?xml[^>]*>/, '')}</domainsnapshot>\n`;
}

