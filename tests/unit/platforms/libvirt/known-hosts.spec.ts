import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkHostKey, fingerprintOf, preferredAlgorithms, UnknownHostKey, type Expected } from '../../../../src/main/platforms/libvirt/ssh/host-key-check.ts';
import { knownKeys } from '../../../../src/main/platforms/libvirt/ssh/known-hosts.ts';
import { parseAddress, resolveHops } from '../../../../src/main/platforms/libvirt/ssh/ssh-target.ts';

const line = (type: 'ed25519' | 'ecdsa'): string => (type === 'ecdsa' ? ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }) : ssh2.utils.generateKeyPairSync(type)).public.split(' ').slice(0, 2).join(' ');
const ed = line('ed25519');
const other = line('ed25519');
const ecdsa = line('ecdsa');
const keyOf = (text: string): Buffer => Buffer.from(text.split(' ')[1] ?? '', 'base64');
const hashed = (name: string): string => {
  const salt = Buffer.alloc(20, 7);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};

describe('known_hosts', () => {
  const found = (text: string, host = 'kvm.example', port = 22): string[] => knownKeys(text, 'file', host, port).map((key) => `${key.line} ${key.type}${key.isRevoked ? ' revoked' : ''}`);

  it('finds names, lists, wildcards and hashed names, and takes ports apart', () => {
    expect(found(`KVM.example ${ed}`)).toEqual(['1 ssh-ed25519']);
    expect(found(`# kvm.example ${ed}\n\nother,kvm.example ${ed} a comment`)).toEqual(['3 ssh-ed25519']);
    expect(found(`*.example ${ed}`)).toEqual(['1 ssh-ed25519']);
    expect(found(`kvm.exampl? ${ed}`)).toEqual(['1 ssh-ed25519']);
    expect(found(`*.example,!kvm.example ${ed}`)).toEqual([]);
    expect(found(`${hashed('kvm.example')} ${ecdsa}`)).toEqual(['1 ecdsa-sha2-nistp256']);
    expect(found(`${hashed('[kvm.example]:2222')} ${ed}\n[kvm.example]:2222 ${ed}`, 'kvm.example', 2222)).toEqual(['1 ssh-ed25519', '2 ssh-ed25519']);
    expect(found(`kvm.example ${ed}`, 'kvm.example', 2222)).toEqual([]);
    expect(found(`kvmXexample ${ed}`)).toEqual([]);
  });

  it('knows revoked keys, and takes no authority and no broken line for a key', () => {
    expect(found(`@revoked kvm.example ${ed}\n@cert-authority *.example ${ed}\nkvm.example\nkvm.example ssh-ed25519\n|1|x ${ed}\n(((kvm ${ed}`)).toEqual(['1 ssh-ed25519 revoked']);
  });
});

describe('the key of a host', () => {
  const expected = (text: string, pinned: string | null = null): Expected => ({ label: 'kvm.example:22', field: 'hostKey', pinned, known: knownKeys(text, '/home/a/.ssh/known_hosts', 'kvm.example', 22) });

  it('is right when it is known, and a question when nothing is known', () => {
    expect(checkHostKey(expected(`kvm.example ${ed}`), keyOf(ed))).toBeNull();
    const unknown = checkHostKey(expected(''), keyOf(ed));
    expect(unknown).toBeInstanceOf(UnknownHostKey);
    expect(unknown).toMatchObject({ code: 'SSH_HOST_KEY_UNKNOWN', field: 'hostKey', fingerprint: fingerprintOf(keyOf(ed)) });
    expect(fingerprintOf(keyOf(ed))).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  });

  it('is no question but an end when it is another than the known, the pinned, or a good one', () => {
    expect(checkHostKey(expected(`kvm.example ${ed}`), keyOf(other))).toMatchObject({ code: 'SSH_HOST_KEY_CHANGED_FILE', params: { line: 1 } });
    expect(checkHostKey(expected(`kvm.example ${ed}`), keyOf(ecdsa))).toMatchObject({ code: 'SSH_HOST_KEY_CHANGED_FILE' });
    expect(checkHostKey(expected('', fingerprintOf(keyOf(ed))), keyOf(other))).toMatchObject({ code: 'SSH_HOST_KEY_CHANGED' });
    expect(checkHostKey(expected('', fingerprintOf(keyOf(ed))), keyOf(ed))).toBeNull();
    expect(checkHostKey(expected(`kvm.example ${ed}\n@revoked * ${ed}`), keyOf(ed))).toMatchObject({ code: 'SSH_HOST_KEY_REVOKED' });
    expect(checkHostKey(expected(`@revoked * ${ed}`, fingerprintOf(keyOf(ed))), keyOf(ed))).toMatchObject({ code: 'SSH_HOST_KEY_REVOKED' });
  });

  it('asks for the types that are known before all others', () => {
    expect(preferredAlgorithms(expected(`kvm.example ${ecdsa}`).known)[0]).toBe('ecdsa-sha2-nistp256');
    expect(preferredAlgorithms([{ type: 'ssh-rsa', key: Buffer.alloc(1), isRevoked: false, file: '', line: 1 }]).slice(0, 2)).toEqual(['rsa-sha2-512', 'rsa-sha2-256']);
    expect(preferredAlgorithms([])[0]).toBe('ssh-ed25519');
  });
});

describe('the way to a host', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'goldpress-home-'));
    await mkdir(join(directory, '.ssh'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const home = (): { directory: string; user: string; systemKnownHosts: string } => ({ directory, user: 'me', systemKnownHosts: join(directory, 'system') });

  it('follows ~/.ssh/config, and what a person typed goes before it', async () => {
    await writeFile(join(directory, '.ssh', 'config'), [
      'Host branch', '  HostName kvm.example', '  User root', '  Port 2222', '  IdentityFile ~/.ssh/branch_key', '  ProxyJump gate@gate.example:2200', `  UserKnownHostsFile ${join(directory, 'mine')}`,
      'Host gate.example', '  User nobody',
    ].join('\n'));
    await writeFile(join(directory, 'mine'), `[kvm.example]:2222 ${ed}\n`);
    await writeFile(join(directory, '.ssh', 'known_hosts'), `[gate.example]:2200 ${other}\n`);
    const [gate, target] = await resolveHops({ host: 'branch' }, home());
    expect(gate).toMatchObject({ host: 'gate.example', port: 2200, user: 'gate', expected: { field: 'jumpHostKey' } });
    expect(gate?.expected.known.map((key) => key.type)).toEqual(['ssh-ed25519']);
    expect(target).toMatchObject({ host: 'kvm.example', port: 2222, user: 'root', keyFiles: [{ path: join(directory, '.ssh', 'branch_key'), isNamed: false }] });
    expect(target?.expected.known).toHaveLength(1);
    const [direct] = await resolveHops({ host: 'other.example', port: 22, user: 'admin', keyFile: '/k' }, home());
    expect(direct).toMatchObject({ host: 'other.example', port: 22, user: 'admin' });
    expect(direct?.keyFiles[0]).toEqual({ path: '/k', isNamed: true });
  });

  it('runs nothing that the file asks to run', async () => {
    const trace = join(directory, 'ran');
    await writeFile(join(directory, '.ssh', 'config'), `Match exec "touch ${trace}"\n  User evil\nHost *\n  User good\n  CanonicalizeHostname yes\n  CanonicalDomains example\n`);
    const [hop] = await resolveHops({ host: 'kvm' }, home());
    expect(hop?.user).toBe('good');
    expect(existsSync(trace)).toBe(false);
  });

  it.each([
    ['gate', { host: 'gate' }], ['me@gate:2222', { host: 'gate', user: 'me', port: 2222 }], ['[2001:db8::1]:22', { host: '2001:db8::1', port: 22 }], ['ssh://me@gate', { host: 'gate', user: 'me' }],
  ])('reads the jump host %s', (text, wanted) => {
    expect(parseAddress(text)).toMatchObject(wanted);
  });

  it('refuses what is no address', () => {
    expect(() => parseAddress('a:b:c')).toThrow(expect.objectContaining({ code: 'SSH_JUMP_UNREADABLE' }) as Error);
  });
});
