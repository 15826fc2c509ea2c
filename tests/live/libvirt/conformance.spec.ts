import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { systemClock } from '../../../src/main/clock.ts';
import { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import type { Connector, Inventory } from '../../../src/main/platforms/connector.ts';
import { LibvirtConnector } from '../../../src/main/platforms/libvirt/libvirt-connector.ts';
import { connectorSuite } from '../../conformance/connector-suite.ts';
import { definitionText, escapeXml } from '../../fixtures/local-library.ts';
import { realHost, VirshShell } from './real-host.ts';

const engine = new WorkerDiskEngine();
const virsh = new VirshShell();
afterAll(async () => {
  virsh.end();
  await engine.dispose();
});

/** The host may have VMs of others: the suite sees only its own. */
function onlyOf(real: LibvirtConnector, own: ReadonlySet<string>): Connector {
  const inventory: Inventory = {
    async *sourceVms(signal) {
      for await (const page of real.inventory.sourceVms(signal)) yield page.filter((vm) => own.has(vm.externalId));
    },
  };
  return {
    kind: 'libvirt', inventory, hardware: real.hardware, snapshots: real.snapshots, deleter: real.deleter, diskExport: real.diskExport,
    probe: (signal) => real.probe(signal), current: (vm, signal) => real.current(vm, signal), dispose: () => real.dispose(),
  };
}

connectorSuite('a real libvirt', async () => {
  const own = new Set<string>();
  const files = new Set<string>();
  let count = 0;
  const addDisk = async (): Promise<string> => {
    count += 1;
    const path = join(realHost.folder, `vm ${String(count)}'s $(disk) ${randomUUID().slice(0, 8)}.raw`);
    await writeFile(path, `disk ${String(count)}`.padEnd(512, '.'));
    await truncate(path, 1024 ** 2);
    const past = Date.now() / 1000 - 60;
    await utimes(path, past, past);
    files.add(path);
    return path;
  };
  const define = async (name: string, source: string, driver: string): Promise<string> => {
    const uuid = randomUUID();
    const text = definitionText({ file: 'vm', name, source, driver }).replace("type='kvm'", "type='qemu'").replace('<name>', `<uuid>${uuid}</uuid><name>`);
    const said = await virsh.define(text);
    if (said.includes('error:')) throw new Error(said);
    own.add(uuid);
    return uuid;
  };
  const real = new LibvirtConnector({ ...realHost.settings, uri: 'qemu:///system' }, {}, {
    engine, clock: systemClock, settleMs: 50, runProgram: () => Promise.reject(new Error('nothing is started here')), ssh: { agent: null },
  });
  await chmod(realHost.folder, 0o755);
  return {
    connector: onlyOf(real, own),
    longestName: 200,
    addVm: async (name) => define(name, await addDisk(), 'raw'),
    removeVm: async (id) => {
      await virsh.run(`undefine ${id} --nvram --snapshots-metadata`);
    },
    touchVm: async (id) => {
      await virsh.run(`desc ${id} --config 'touched ${randomUUID()}'`);
    },
    addDependant: async (base, name) => {
      const text = execFileSync('virsh', ['-q', '-c', 'qemu:///system', 'dumpxml', '--inactive', base], { encoding: 'utf8' });
      const disk = [...files].find((path) => text.includes(escapeXml(path).replaceAll('&#39;', '&apos;')) || text.includes(path)) ?? '';
      const overlay = join(realHost.folder, `dependant ${randomUUID().slice(0, 8)}.qcow2`);
      await engine.createOverlay({ path: overlay, basePath: disk, policy: { roots: [realHost.folder] } });
      files.add(overlay);
      return define(name, overlay, 'qcow2');
    },
    dispose: async () => {
      for (const uuid of own) await virsh.run(`undefine ${uuid} --nvram --snapshots-metadata`);
      execFileSync('find', [realHost.folder, '-type', 'f', '-delete']);
      for (const path of files) await rm(path, { force: true });
      await virsh.run(`pool-refresh ${realHost.pool}`);
    },
  };
});
