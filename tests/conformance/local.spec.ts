import { chmod, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll } from 'vitest';
import { systemClock } from '../../src/main/clock.ts';
import { WorkerDiskEngine } from '../../src/main/disks/disk-engine.ts';
import { LocalConnector } from '../../src/main/platforms/local/local-connector.ts';
import { rm } from 'node:fs/promises';
import { LibraryFolder } from '../fixtures/local-library.ts';
import { connectorSuite } from './connector-suite.ts';

const engine = new WorkerDiskEngine();
afterAll(() => engine.dispose());

connectorSuite('local', async () => {
  const folder = await LibraryFolder.create();
  let count = 0;
  return {
    connector: new LocalConnector({ path: folder.path }, { engine, clock: systemClock, settleMs: 50 }),
    longestName: 900,
    addVm: async (name) => {
      count += 1;
      const file = `sub ${count % 7}/vm ${String(count).padStart(4, '0')}`;
      await folder.rawDisk(`${file}.raw`, 256 * 1024);
      return folder.vm({ file, name });
    },
    removeVm: async (id) => {
      await rm(join(folder.path, id.replace(/\.xml$/, '.raw')), { force: true });
      await rm(join(folder.path, id));
    },
    touchVm: async (id) => {
      const path = join(folder.path, id);
      await writeFile(path, (await readFile(path, 'utf8')).replace('</domain>', '<!-- touched --></domain>'));
    },
    makeReadOnly: async () => {
      await chmod(folder.path, 0o555);
      for (let index = 0; index < 7; index += 1) await chmod(join(folder.path, `sub ${index}`), 0o555).catch(() => undefined);
    },
    addDependant: async (base, name) => {
      const disk = join(folder.path, base.replace(/\.xml$/, '.raw'));
      const overlay = join(folder.path, 'dependant.qcow2');
      await engine.createOverlay({ path: overlay, basePath: disk, policy: { roots: [folder.path] } });
      await folder.age(basename(overlay));
      return folder.vm({ file: 'dependant', name, driver: 'qcow2' });
    },
    writeDisk: async (path) => {
      const raw = await folder.rawDisk('scratch.part', 256 * 1024);
      await engine.convert(
        { source: { path: raw, policy: { roots: [] } }, targetPath: path, targetFormat: 'qcow2', compression: null, checkpointPath: null, maxTargetBytes: null }, () => undefined,
      );
    },
    dispose: async () => {
      await chmod(folder.path, 0o755);
      for (let index = 0; index < 7; index += 1) await chmod(join(folder.path, `sub ${index}`), 0o755).catch(() => undefined);
      await folder.remove();
    },
  };
});
