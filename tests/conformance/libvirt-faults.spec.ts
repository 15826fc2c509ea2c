/** The libvirt connector with a proxy between it and the simulated host that cuts, stalls or slows its one SSH connection. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/main/clock.ts';
import { WorkerDiskEngine } from '../../src/main/disks/disk-engine.ts';
import { LibvirtConnector } from '../../src/main/platforms/libvirt/libvirt-connector.ts';
import { fingerprintOf } from '../../src/main/platforms/libvirt/ssh/host-key-check.ts';
import { AppError } from '../../src/shared/model/app-error.ts';
import { definitionText } from '../fixtures/local-library.ts';
import { TcpFaultProxy } from '../simulators/fault-proxy/tcp-fault-proxy.ts';
import { LibvirtHost } from '../simulators/libvirt-host/libvirt-host.ts';

const engine = new WorkerDiskEngine();
afterAll(() => engine.dispose());
const key = ssh2.utils.generateKeyPairSync('ed25519');
const parsed = ssh2.utils.parseKey(key.public);
const hostKey = parsed instanceof Error ? '' : fingerprintOf(parsed.getPublicSSH());

let host: LibvirtHost;
let proxy: TcpFaultProxy;
let connector: LibvirtConnector;
let home: string;

beforeEach(async () => {
  host = await LibvirtHost.start({ engine, password: 'secret', hostKeys: [key.private] });
  home = await mkdtemp(join(tmpdir(), 'goldpress-home-'));
  for (const name of ['a', 'b', 'c']) {
    const disk = join(host.folder, `${name}.raw`);
    await writeFile(disk, Buffer.alloc(64 * 1024, name));
    await host.libvirt.virsh(['define', '/dev/stdin'], definitionText({ file: 'vm', name, source: disk, driver: 'raw' }));
  }
  proxy = await TcpFaultProxy.start({ host: '127.0.0.1', port: host.port });
  connector = new LibvirtConnector({ host: '127.0.0.1', port: proxy.port, user: host.user, hostKey, uri: 'qemu:///system' }, { password: 'secret' }, {
    engine, clock: systemClock, settleMs: 20, power: { pollMs: 5, gracefulMs: 200 },
    ssh: { home: { directory: home, user: 'nobody', systemKnownHosts: join(home, 'none') }, agent: null },
    runProgram: () => Promise.reject(new Error('nothing is started here')),
  });
});
afterEach(async () => {
  await connector.dispose();
  await proxy.dispose();
  await host.dispose();
  await rm(home, { recursive: true, force: true });
});

async function list(signal = new AbortController().signal): Promise<string[]> {
  const names: string[] = [];
  for await (const page of connector.inventory.sourceVms(signal)) names.push(...page.map((vm) => vm.name));
  return names.sort();
}

describe('libvirt: faults on the way', () => {
  it('lists everything over a new connection after the old one was cut', async () => {
    expect(await list()).toEqual(['a', 'b', 'c']);
    proxy.cutAll();
    expect(await list()).toEqual(['a', 'b', 'c']);
  });

  it('never takes a listing for complete whose connection ends again and again', async () => {
    proxy.spoil({ kind: 'cut', afterBytes: 2000 });
    await expect(list()).rejects.toBeInstanceOf(AppError);
    proxy.heal();
    expect(await list()).toEqual(['a', 'b', 'c']);
  });

  it('goes through with a connection that is slow', async () => {
    proxy.spoil({ kind: 'drip', pieceBytes: 4096, pauseMs: 1 });
    expect(await list()).toEqual(['a', 'b', 'c']);
  });

  it('stops in the middle of silence when asked', async () => {
    await list();
    proxy.spoil({ kind: 'stall', afterBytes: 0 });
    const abort = new AbortController();
    const listing = list(abort.signal);
    abort.abort(new AppError('ABORTED'));
    await expect(listing).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
