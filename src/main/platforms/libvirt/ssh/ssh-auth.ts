/** The ways to prove who we are, in the order they are tried: agent, keys, password, and the same password where the server asks questions. */
import { readFile } from 'node:fs/promises';
import type { AnyAuthMethod, ParsedKey } from 'ssh2';
import { AppError } from '../../../../shared/model/app-error.ts';
import type { SshHop, SshSecrets } from './ssh-target.ts';

const windowsAgent = '\\\\.\\pipe\\openssh-ssh-agent';

/** Where the agent listens; null where there is none. */
export function agentAddress(environment: NodeJS.ProcessEnv = process.env): string | null {
  const address = environment['SSH_AUTH_SOCK'];
  if (address !== undefined && address !== '') return address;
  return process.platform === 'win32' ? windowsAgent : null;
}

/** @throws `SSH_KEY_UNREADABLE`, `SSH_KEY_PASSPHRASE` for a key that the person named; others are left out */
export async function authMethods(hop: SshHop, secrets: SshSecrets, agent: string | null): Promise<AnyAuthMethod[]> {
  const username = hop.user;
  const methods: AnyAuthMethod[] = [];
  const named: AnyAuthMethod[] = [];
  for (const { path, isNamed } of hop.keyFiles) {
    const key = await readKey(path, isNamed, secrets.keyPassphrase);
    if (key !== null) (isNamed ? named : methods).push({ type: 'publickey', username, key });
  }
  // What a person named goes first: servers close the door after a few wrong keys.
  methods.unshift(...named, ...(agent === null ? [] : [{ type: 'agent' as const, username, agent }]));
  const { password } = secrets;
  if (password !== undefined) {
    methods.push({ type: 'password', username, password });
    methods.push({
      type: 'keyboard-interactive', username,
      // Only what is typed unseen is a password; a question with an echo wants something that we do not have.
      prompt: (_name, _instructions, _lang, prompts, finish) => finish(prompts.map((prompt) => (prompt.echo === true ? '' : password))),
    });
  }
  return methods;
}

async function readKey(path: string, isNamed: boolean, passphrase: string | undefined): Promise<ParsedKey | null> {
  let text: Buffer;
  try {
    text = await readFile(path);
  } catch (error) {
    if (isNamed) throw new AppError('SSH_KEY_UNREADABLE', { file: path }, { cause: error });
    return null;
  }
  const { default: ssh2 } = await import('ssh2');
  // A file of several keys is an array, whatever the types say.
  const parsed = ssh2.utils.parseKey(text, passphrase) as ParsedKey | Error | readonly (ParsedKey | Error)[];
  const key = parsed instanceof Array ? parsed[0] : parsed;
  if (key !== undefined && !(key instanceof Error) && key.isPrivateKey()) return key;
  if (!isNamed) return null;
  const isEncrypted = key instanceof Error && /encrypted|passphrase|bad decrypt|integrity/i.test(key.message);
  throw new AppError(isEncrypted ? 'SSH_KEY_PASSPHRASE' : 'SSH_KEY_UNREADABLE', { file: path });
}
