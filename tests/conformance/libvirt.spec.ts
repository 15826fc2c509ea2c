import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import ssh2 from 'ssh2';
import { afterAll } from 'vitest';
import { systemClock } from '../../src/main/clock.ts';
import { WorkerDiskEngine } from '../../src/main/disks/disk-engine.ts';
import { LibvirtConnector } from '../../src/main/platforms/libvirt/libvirt-connector.ts';
import { fingerprintOf } from '../../src/main/platforms/libvirt/ssh/host-key-check.ts';
import { definitionText } from '../fixtures/local-library.ts';
import { LibvirtHost } from '../simulators/libvirt-host/libvirt-host.ts';
import { connectorSuite } from './connector-suite.ts';

const engine = new WorkerDiskEngine();
afterAll(() => engine.dispose());

const hostKey = ssh2.utils.generateKeyPairSync('ed25519');
const parsed = ssh2.utils.parseKey(hostKey.public);
const fingerprint = parsed instanceof Error ? '' : fingerprintOf(parsed.getPublicSSH());

connectorSuite('libvirt', async () => {
  const host = await LibvirtHost.start({ engine, password: 'secret', hostKeys: [hostKey.private] });
  const home = await mkdtemp(join(tmpdir(), 'goldpress-home-'));
  let count = 0;
  const addDisk = async (name: string): Promise<string> => {
    const path = join(host.folder, name);
    await writeFile(path, Buffer.alloc(256 * 1024, name.padEnd(512, '.'), 'utf8'));
    const past = Date.now() / 1000 - 60;
    await utimes(path, past, past);
    return path;
  };
  const define = async (name: string, source: string, driver: string): Promise<string> => {
    const before = new Set(host.libvirt.domains.keys());
    const { stderr } = await host.libvirt.virsh(['define', '/dev/stdin'], definitionText({ file: 'vm', name, source, driver }));
    const id = [...host.libvirt.domains.keys()].find((uuid) => !before.has(uuid));
    if (id === undefined) throw new Error(stderr);
    return id;
  };
  const ssh = { home: { directory: home, user: 'nobody', systemKnownHosts: join(home, 'none') }, agent: null };
  return {
    connector: new LibvirtConnector(
      { host: '127.0.0.1', port: host.port, user: host.user, hostKey: fingerprint, uri: 'qemu:///system' }, { password: 'secret' },
      {
        engine, clock: systemClock, settleMs: 20, power: { pollMs: 5, gracefulMs: 200 }, ssh,
        runProgram: () => Promise.reject(new Error('nothing is started here')),
      },
    ),
    longestName: 200,
    addVm: async (name) => {
      count += 1;
      return define(name, await addDisk(`vm ${String(count)}'s $(disk).raw`), 'raw');
    },
    removeVm: (id) => {
      host.libvirt.domains.delete(id);
      return Promise.resolve();
    },
    touchVm: (id) => {
      const domain = host.libvirt.domains.get(id);
      if (domain !== undefined) domain.text = domain.text.replace('</domain>', '<!-- touched --></domain>');
      return Promise.resolve();
    },
    makeReadOnly: () => {
      host.libvirt.isReadOnly = true;
      host.mayWrite = false;
      return Promise.resolve();
    },
    addDependant: async (base, name) => {
      const [disk] = (await engineDisks(host, base));
      const overlay = join(host.folder, 'dependant.qcow2');
      await engine.createOverlay({ path: overlay, basePath: disk ?? '', policy: { roots: [host.folder] } });
      return define(name, overlay, 'qcow2');
    },
    dispose: async () => {
      await host.dispose();
      await rm(home, { recursive: true, force: true });
    },
  };
});

function engineDisks(host: LibvirtHost, uuid: string): Promise<string[]> {
  const text = host.libvirt.domains.get(uuid)?.text ?? '';
  return Promise.resolve([...text.matchAll(/<source file=['"]([^'"]+)['"]/g)].map((found) => (found[1] ?? '').replaceAll('&#39;', "'")));
}
