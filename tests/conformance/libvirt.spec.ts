import { join } from 'node:path';
import { afterAll } from 'vitest';
import { WorkerDiskEngine } from '../../src/main/disks/disk-engine.ts';
import { SimulatedPlatform } from '../simulators/libvirt-host/simulated-platform.ts';
import { connectorSuite } from './connector-suite.ts';

const engine = new WorkerDiskEngine();
afterAll(() => engine.dispose());

connectorSuite('libvirt', async () => {
  const platform = await SimulatedPlatform.create(engine);
  const { host } = platform;
  return {
    connector: platform.connector,
    longestName: 200,
    addVm: (name) => platform.addVm(name),
    removeVm: (id) => {
      host.libvirt.domains.delete(id);
      return Promise.resolve();
    },
    touchVm: (id) => {
      const domain = platform.domain(id);
      domain.text = domain.text.replace('</domain>', '<!-- touched --></domain>');
      return Promise.resolve();
    },
    makeReadOnly: () => {
      host.libvirt.isReadOnly = true;
      host.mayWrite = false;
      return Promise.resolve();
    },
    addDependant: async (base, name) => {
      const overlay = join(host.folder, 'dependant.qcow2');
      await engine.createOverlay({ path: overlay, basePath: platform.diskOf(base), policy: { roots: [host.folder] } });
      return platform.define(name, overlay, 'qcow2');
    },
    dispose: () => platform.dispose(),
  };
});
