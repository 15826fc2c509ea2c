/** A connector on a simulated host, and what a test does there behind its back. */
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { systemClock } from '../../../src/main/clock.ts';
import type { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import { LibvirtConnector } from '../../../src/main/platforms/libvirt/libvirt-connector.ts';
import { fingerprintOf } from '../../../src/main/platforms/libvirt/ssh/host-key-check.ts';
import { parseDomain } from '../../../src/main/platforms/domain-xml/domain-xml.ts';
import { definitionText } from '../../fixtures/local-library.ts';
import { LibvirtHost } from './libvirt-host.ts';

/** Making keys takes longer than a test. */
const hostKey = ssh2.utils.generateKeyPairSync('ed25519');
export const hostFingerprint = fingerprintOf(Buffer.from(hostKey.public.split(' ')[1] ?? '', 'base64'));

export class SimulatedPlatform {
  readonly host: LibvirtHost;
  readonly connector: LibvirtConnector;
  readonly #home: string;
  #count = 0;

  private constructor(host: LibvirtHost, home: string, engine: WorkerDiskEngine) {
    this.host = host;
    this.#home = home;
    this.connector = new LibvirtConnector(
      { host: '127.0.0.1', port: host.port, user: host.user, hostKey: hostFingerprint, uri: 'qemu:///system' }, { password: 'secret' },
      {
        engine, clock: systemClock, settleMs: 20, power: { pollMs: 5, gracefulMs: 200 }, runProgram: () => Promise.reject(new Error('nothing is started here')),
        ssh: {
          agent: null, home: { directory: home, user: 'nobody', systemKnownHosts: join(home, 'none') },
          timing: { readyMs: 20_000, keepAliveMs: 5000, retryMs: 10, attempts: 3 },
        },
      },
    );
  }

  static async create(engine: WorkerDiskEngine): Promise<SimulatedPlatform> {
    const host = await LibvirtHost.start({ engine, password: 'secret', hostKeys: [hostKey.private] });
    return new SimulatedPlatform(host, await mkdtemp(join(tmpdir(), 'goldpress-home-')), engine);
  }

  /** A raw disk at rest for a minute. @param name of a name that a careless command line would stumble over, unless given */
  async addDisk(name?: string): Promise<string> {
    this.#count += 1;
    const path = join(this.host.folder, name ?? `vm ${String(this.#count)}'s $(disk).raw`);
    await writeFile(path, Buffer.alloc(256 * 1024, `disk ${String(this.#count)}`.padEnd(512, '.'), 'utf8'));
    const past = Date.now() / 1000 - 60;
    await utimes(path, past, past);
    return path;
  }

  /** @returns the domain's id */
  async define(name: string, source: string, driver = 'raw'): Promise<string> {
    const before = new Set(this.host.libvirt.domains.keys());
    const { stderr } = await this.host.libvirt.virsh(['define', '/dev/stdin'], definitionText({ file: 'vm', name, source, driver }));
    const id = [...this.host.libvirt.domains.keys()].find((uuid) => !before.has(uuid));
    if (id === undefined) throw new Error(stderr);
    return id;
  }

  async addVm(name: string): Promise<string> {
    return this.define(name, await this.addDisk());
  }

  domain(uuid: string): NonNullable<ReturnType<LibvirtHost['libvirt']['domains']['get']>> {
    const found = this.host.libvirt.domains.get(uuid);
    if (found === undefined) throw new Error(`no domain ${uuid}`);
    return found;
  }

  /** The file of the domain's first disk. */
  diskOf(uuid: string): string {
    return parseDomain(this.domain(uuid).text, uuid).disks[0]?.file ?? '';
  }

  async dispose(): Promise<void> {
    await this.connector.dispose();
    await this.host.dispose();
    await rm(this.#home, { recursive: true, force: true });
  }
}
