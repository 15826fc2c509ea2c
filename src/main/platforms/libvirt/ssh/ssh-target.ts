/**
 * From what a person typed and their `~/.ssh/config` to the hosts that are connected to, one after the other: address, user, keys and
 * known keys of each. Reads files of this computer; connects to nothing.
 */
import { readFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import SSHConfig from 'ssh-config';
import { AppError } from '../../../../shared/model/app-error.ts';
import type { Expected } from './host-key-check.ts';
import { knownKeys, type KnownKey } from './known-hosts.ts';

export interface SshSettings {
  /** A name, an address, or an alias of `~/.ssh/config`. */
  host: string;
  port?: number | undefined;
  user?: string | undefined;
  keyFile?: string | undefined;
  /** `user@host:port`. */
  jumpHost?: string | undefined;
  hostKey?: string | undefined;
  jumpHostKey?: string | undefined;
}

export interface SshSecrets {
  password?: string | undefined;
  keyPassphrase?: string | undefined;
}

/** One host on the way. */
export interface SshHop {
  host: string;
  port: number;
  user: string;
  /** Private keys to try, in their order; a missing one is only an error where the person named it. */
  keyFiles: { path: string; isNamed: boolean }[];
  expected: Expected;
}

/** Where this computer keeps what OpenSSH knows; other folders in tests. */
export interface SshHome {
  directory: string;
  user: string;
  systemKnownHosts: string;
}

export const ownHome = (): SshHome => ({ directory: homedir(), user: userInfo().username, systemKnownHosts: '/etc/ssh/ssh_known_hosts' });

const defaultKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
/** Hosts in one chain of jumps. */
const maxHops = 5;

/** The hops in the order they are connected to; the last one is the host itself. */
export async function resolveHops(settings: SshSettings, home: SshHome): Promise<SshHop[]> {
  const config = await readConfig(home);
  const wanted = { host: settings.host, port: settings.port, user: settings.user };
  const target = await resolveHop(wanted, settings.keyFile, 'hostKey', settings.hostKey ?? null, config, home);
  const jumps = settings.jumpHost === undefined ? target.jumps : settings.jumpHost.split(',');
  const hops: SshHop[] = [];
  for (const jump of jumps) {
    if (hops.length >= maxHops) throw new AppError('SSH_TOO_MANY_JUMPS', { host: settings.host, limit: maxHops });
    // One trusted key is one host's: further jumps have to be known to ssh.
    const pinned = hops.length === 0 ? (settings.jumpHostKey ?? null) : null;
    hops.push((await resolveHop(parseAddress(jump), settings.keyFile, 'jumpHostKey', pinned, config, home)).hop);
  }
  return [...hops, target.hop];
}

interface Address {
  host: string;
  port?: number | undefined;
  user?: string | undefined;
}

/** `user@host:port`, `ssh://user@host:port`, `[2001:db8::1]:22`. @throws `SSH_JUMP_UNREADABLE` */
export function parseAddress(text: string): Address {
  const found = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?\/?$/.exec(text.trim());
  const host = found?.[2] ?? found?.[3];
  if (found === null || host === undefined) throw new AppError('SSH_JUMP_UNREADABLE', { text: text.slice(0, 200) });
  return { host, user: found[1], port: found[4] === undefined ? undefined : Number(found[4]) };
}

async function resolveHop(
  wanted: Address, keyFile: string | undefined, field: Expected['field'], pinned: string | null, config: SSHConfig, home: SshHome,
): Promise<{ hop: SshHop; jumps: string[] }> {
  const computed = config.compute(wanted.host);
  const values = (name: string): string[] => {
    const value = Object.entries(computed).find(([key]) => key.toLowerCase() === name)?.[1];
    return value === undefined ? [] : [value].flat().map(String);
  };
  const address = (values('hostname')[0] ?? wanted.host).replaceAll('%h', wanted.host);
  const port = wanted.port ?? Number(values('port')[0] ?? 22);
  const user = wanted.user ?? values('user')[0] ?? home.user;
  const expand = (path: string): string => path.replace(/^~(?=[/\\]|$)/, home.directory).replace(/%([dhru%])/g, (whole, letter: string) => {
    const meanings: Record<string, string> = { d: home.directory, h: address, r: user, u: home.user, '%': '%' };
    return meanings[letter] ?? whole;
  });
  const configured = values('identityfile').map((path) => ({ path: expand(path), isNamed: false }));
  const files = values('userknownhostsfile').flatMap((value) => value.split(/\s+/)).filter((path) => path !== '' && path !== 'none').map(expand);
  const known = await readKnown([...(files.length === 0 ? [join(home.directory, '.ssh', 'known_hosts')] : files), home.systemKnownHosts], values('hostkeyalias')[0] ?? address, port);
  const proxy = values('proxyjump')[0] ?? 'none';
  return {
    hop: {
      host: address,
      port,
      user,
      keyFiles: [
        ...(keyFile === undefined ? [] : [{ path: keyFile, isNamed: true }]),
        ...(configured.length === 0 ? defaultKeys.map((name) => ({ path: join(home.directory, '.ssh', name), isNamed: false })) : configured),
      ],
      expected: { label: `${wanted.host}:${port}`, field, pinned, known },
    },
    jumps: proxy === 'none' ? [] : proxy.split(','),
  };
}

/** The person's file; none or one that cannot be read is an empty one. Sections that would start a program are left out. */
async function readConfig(home: SshHome): Promise<SSHConfig> {
  let parsed: SSHConfig;
  try {
    parsed = SSHConfig.parse(await readFile(join(home.directory, '.ssh', 'config'), 'utf8'));
  } catch {
    // Absent on most machines; a broken one stops ssh itself too, and the fields of the form say all that is needed.
    return new SSHConfig();
  }
  leaveOutPrograms(parsed);
  return parsed;
}

/** `Match exec` starts a program, and canonical names are asked of one. */
function leaveOutPrograms(config: SSHConfig): void {
  for (let index = config.length - 1; index >= 0; index -= 1) {
    const line = config[index];
    if (line === undefined || !('param' in line)) continue;
    const isProgram = 'criteria' in line && Object.keys(line.criteria).some((name) => name.toLowerCase() === 'exec');
    if (isProgram || /^canonical/i.test(line.param)) config.splice(index, 1);
    else if ('config' in line) leaveOutPrograms(line.config);
  }
}

async function readKnown(files: readonly string[], host: string, port: number): Promise<KnownKey[]> {
  const found: KnownKey[] = [];
  for (const file of files) {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch {
      // A file that is not there knows no host.
      continue;
    }
    found.push(...knownKeys(text, file, host, port));
  }
  return found;
}
