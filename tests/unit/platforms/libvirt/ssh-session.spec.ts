import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkerDiskEngine } from '../../../../src/main/disks/disk-engine.ts';
import { fingerprintOf } from '../../../../src/main/platforms/libvirt/ssh/host-key-check.ts';
import { SftpPlace } from '../../../../src/main/platforms/libvirt/ssh/sftp-place.ts';
import { SshSession } from '../../../../src/main/platforms/libvirt/ssh/ssh-session.ts';
import type { SshSecrets, SshSettings } from '../../../../src/main/platforms/libvirt/ssh/ssh-target.ts';
import { LibvirtHost, type HostOptions } from '../../../simulators/libvirt-host/libvirt-host.ts';

const engine = new WorkerDiskEngine();
afterAll(() => engine.dispose());
const hostPair = ssh2.utils.generateKeyPairSync('ed25519');
const fingerprint = fingerprintOf(Buffer.from(hostPair.public.split(' ')[1] ?? '', 'base64'));
const timing = { readyMs: 5000, keepAliveMs: 100, retryMs: 5, attempts: 3 };

describe('an SSH session', () => {
  let directory: string;
  const opened: { dispose(): Promise<void> }[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'goldpress-ssh-'));
  });
  afterEach(async () => {
    for (const item of opened.splice(0).reverse()) await item.dispose();
    await rm(directory, { recursive: true, force: true });
  });

  async function host(options: Partial<HostOptions> = {}): Promise<LibvirtHost> {
    const made = await LibvirtHost.start({ engine, password: 'secret', hostKeys: [hostPair.private], ...options });
    opened.push(made);
    return made;
  }

  function session(to: LibvirtHost, settings: Partial<SshSettings> = {}, secrets: SshSecrets = { password: 'secret' }): SshSession {
    const made = new SshSession({ host: '127.0.0.1', port: to.port, user: 'admin', hostKey: fingerprint, ...settings }, secrets, {
      agent: null, timing, home: { directory, user: 'me', systemKnownHosts: join(directory, 'none') },
    });
    opened.push(made);
    return made;
  }

  it.each<[string, Partial<HostOptions>, SshSecrets]>([
    ['a password', {}, { password: 'secret' }],
    ['questions', { isInteractive: true }, { password: 'secret' }],
  ])('comes in by %s', async (_way, options, secrets) => {
    expect(await session(await host(options), {}, secrets).run(['true'])).toMatchObject({ code: 0 });
  });

  it('comes in by a key with a passphrase, and says which of the two is wrong', async () => {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { passphrase: 'open sesame', cipher: 'aes256-cbc', rounds: 4 });
    const keyFile = join(directory, 'key');
    await writeFile(keyFile, pair.private);
    const to = await host({ authorizedKeys: [pair.public] });
    expect(await session(to, { keyFile }, { keyPassphrase: 'open sesame' }).run(['true'])).toMatchObject({ code: 0 });
    await expect(session(to, { keyFile }, {}).connect()).rejects.toMatchObject({ code: 'SSH_KEY_PASSPHRASE' });
    await expect(session(to, { keyFile: join(directory, 'none') }, {}).connect()).rejects.toMatchObject({ code: 'SSH_KEY_UNREADABLE' });
    await expect(session(to, {}, { password: 'wrong' }).connect()).rejects.toMatchObject({ code: 'SSH_AUTH_FAILED' });
  });

  it('sends nothing to a host whose key is not known or another one', async () => {
    const to = await host();
    await expect(session(to, { hostKey: undefined }).connect()).rejects.toMatchObject({ code: 'SSH_HOST_KEY_UNKNOWN', fingerprint, field: 'hostKey' });
    const wrong = `SHA256:${'A'.repeat(43)}`;
    await expect(session(to, { hostKey: wrong }).connect()).rejects.toMatchObject({ code: 'SSH_HOST_KEY_CHANGED' });
  });

  it('asks a server with several keys for the one that is known', async () => {
    const second = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
    const to = await host({ hostKeys: [hostPair.private, second.private] });
    await mkdir(join(directory, '.ssh'));
    await writeFile(join(directory, '.ssh', 'known_hosts'), `[127.0.0.1]:${String(to.port)} ${second.public}\n`);
    expect(await session(to, { hostKey: undefined }).run(['true'])).toMatchObject({ code: 0 });
  });

  it('goes over a jump host, whose key is asked about first', async () => {
    const [gate, to] = [await host({ isForwarding: true }), await host()];
    const jumpHost = `admin@127.0.0.1:${String(gate.port)}`;
    await expect(session(to, { jumpHost }).connect()).rejects.toMatchObject({ code: 'SSH_HOST_KEY_UNKNOWN', field: 'jumpHostKey' });
    expect(await session(to, { jumpHost, jumpHostKey: fingerprint }).run(['true'])).toMatchObject({ code: 0 });
    expect([gate.connectionCount, to.connectionCount]).toEqual([2, 1]);
  });

  it('shares one connection, and never has more sessions than a server takes', async () => {
    const to = await host();
    const shared = session(to);
    await shared.sftp();
    const results = await Promise.all(Array.from({ length: 40 }, () => shared.run(['true'])));
    expect(results.every((result) => result.code === 0)).toBe(true);
    expect(to.connectionCount).toBe(1);
    expect(to.peakSessions).toBeLessThanOrEqual(8);
  });

  it('is made anew after it was cut, and a question is asked once more', async () => {
    const to = await host();
    const shared = session(to);
    await shared.run(['true']);
    to.stall();
    const asked = shared.run(['true'], { isQuery: true });
    const told = shared.run(['true']);
    const refused = expect(told).rejects.toMatchObject({ code: 'SSH_LOST', isRetryable: true });
    setImmediate(() => {
      to.cutConnection();
      to.goOn();
    });
    expect(await asked).toMatchObject({ code: 0 });
    await refused;
    expect(to.connectionCount).toBe(2);
  });

  it('stops waiting when it is told to, or when a host answers nothing', async () => {
    const to = await host();
    const shared = session(to);
    await shared.connect();
    to.stall();
    const abort = new AbortController();
    const waiting = shared.run(['true'], { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(shared.run(['true'], { timeoutMs: 30 })).rejects.toMatchObject({ code: 'SSH_COMMAND_TIMEOUT' });
  });

  it('reads a disk on over a cut, as long as it is the same file', async () => {
    const to = await host();
    const place = new SftpPlace(session(to));
    const path = join(to.folder, "it's a disk.raw");
    await writeFile(path, Buffer.alloc(1024 ** 2, 'abc'));
    const source = await place.open(path);
    const target = Buffer.alloc(64 * 1024);
    await source.readInto(0, target);
    to.cutConnection();
    await source.readInto(512 * 1024, target);
    expect(target.equals(Buffer.alloc(1024 ** 2, 'abc').subarray(512 * 1024, 576 * 1024))).toBe(true);
    await writeFile(path, 'another');
    to.cutConnection();
    await expect(source.readInto(0, target)).rejects.toMatchObject({ code: 'DISK_CHANGED' });
    await source.close();
    await expect(place.open(join(to.folder, 'none'))).rejects.toMatchObject({ code: 'DISK_NOT_FOUND' });
    to.mayRead = false;
    await expect(place.open(path)).rejects.toMatchObject({ code: 'DISK_NOT_READABLE' });
  });
});
