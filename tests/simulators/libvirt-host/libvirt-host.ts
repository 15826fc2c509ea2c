/**
 * A KVM host on a loopback port: an SSH server with commands, SFTP and forwarding, and a simulated libvirt behind `virsh`. Counts
 * sessions like OpenSSH (`MaxSessions 10`), and breaks in the ways that networks break.
 */
import { once } from 'node:events';
import { mkdtemp, realpath, rename, rm } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';
import type { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import { serveSftp } from './sftp-server.ts';
import { SimulatedLibvirt, type Answer } from './simulated-libvirt.ts';
import { splitCommands } from './words.ts';

export interface HostOptions {
  engine: WorkerDiskEngine;
  user?: string;
  password?: string;
  /** Public keys that are let in, as `ssh-keygen` writes them. */
  authorizedKeys?: string[];
  /** Asks for the password by questions only. */
  isInteractive?: boolean;
  /** Private host keys; one Ed25519 key unless given. */
  hostKeys?: string[];
  isForwarding?: boolean;
}

const maxSessions = 10;

export class LibvirtHost {
  readonly folder: string;
  readonly libvirt: SimulatedLibvirt;
  readonly user: string;
  readonly #options: HostOptions;
  readonly #server: ssh2.Server;
  readonly #connections = new Set<Connection>();
  #port = 0;
  #release: (() => void) | null = null;
  #gate: Promise<void> = Promise.resolve();
  /** The account may not read disks, or make files. */
  mayRead = true;
  mayWrite = true;
  /** Programs that are not there. */
  hasVirsh = true;
  connectionCount = 0;
  /** The most sessions that were open on one connection. */
  peakSessions = 0;

  private constructor(folder: string, options: HostOptions) {
    this.folder = folder;
    this.#options = options;
    this.user = options.user ?? 'admin';
    this.libvirt = new SimulatedLibvirt(options.engine);
    this.libvirt.pools.set('default', folder);
    this.#server = new ssh2.Server({ hostKeys: options.hostKeys ?? [ssh2.utils.generateKeyPairSync('ed25519').private] }, (connection) => this.#accept(connection));
  }

  static async start(options: HostOptions): Promise<LibvirtHost> {
    const host = new LibvirtHost(await realpath(await mkdtemp(join(tmpdir(), 'goldpress host 主机-'))), options);
    await new Promise<void>((resolve) => host.#server.listen(0, '127.0.0.1', resolve));
    host.#port = (host.#server.address() as AddressInfo).port;
    return host;
  }

  get port(): number {
    return this.#port;
  }

  /** Ends every connection at once, as a network that goes away. */
  cutConnection(): void {
    // A real cut sends no farewell.
    for (const connection of this.#connections) (connection as unknown as { _sock: { destroy(): void } })._sock.destroy();
  }

  /** From now on nothing is answered any more, until `goOn`. */
  stall(): void {
    this.#gate = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  goOn(): void {
    this.#release?.();
    this.#release = null;
    this.#gate = Promise.resolve();
  }

  async dispose(): Promise<void> {
    this.goOn();
    this.cutConnection();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    await rm(this.folder, { recursive: true, force: true });
  }

  #accept(connection: Connection): void {
    this.#connections.add(connection);
    this.connectionCount += 1;
    let sessions = 0;
    connection.on('authentication', (context) => {
      const { password, authorizedKeys = [], isInteractive = false } = this.#options;
      const ways: ('password' | 'publickey' | 'keyboard-interactive')[] = ['publickey', ...(password === undefined ? [] : [isInteractive ? 'keyboard-interactive' as const : 'password' as const])];
      if (context.username !== this.user) context.reject(ways);
      else if (context.method === 'publickey' && authorizedKeys.some((line) => context.key.data.toString('base64') === line.split(' ')[1])) context.accept();
      else if (context.method === 'password' && !isInteractive && context.password === password) context.accept();
      else if (context.method === 'keyboard-interactive' && isInteractive) {
        context.prompt([{ prompt: 'Password: ', echo: false }, { prompt: 'Favourite colour: ', echo: true }], (answers) => {
          if (answers[0] === password) context.accept();
          else context.reject(ways);
        });
      } else context.reject(ways);
    });
    connection.on('ready', () => {
      connection.on('session', (accept, reject) => {
        if (sessions >= maxSessions) {
          reject();
          return;
        }
        sessions += 1;
        this.peakSessions = Math.max(this.peakSessions, sessions);
        const session = accept();
        session.on('close', () => {
          sessions -= 1;
        });
        session.on('exec', (acceptCommand, _reject, { command }) => {
          const channel = acceptCommand();
          this.#gate.then(() => this.#execute(channel, command)).catch(() => channel.close());
        });
        session.on('sftp', (acceptSftp) => {
          serveSftp(acceptSftp(), { mayRead: () => this.mayRead, mayWrite: () => this.mayWrite }, () => this.#gate);
        });
      });
      if (this.#options.isForwarding === true) {
        connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
          const socket = connect(destPort, destIP);
          socket.on('error', () => reject());
          socket.on('connect', () => {
            const channel = accept();
            channel.on('error', () => socket.destroy());
            channel.pipe(socket).pipe(channel);
          });
        });
      }
    });
    connection.on('error', () => {
      // A connection that breaks off is what some tests are about.
    });
    connection.on('close', () => this.#connections.delete(connection));
  }

  async #execute(channel: ServerChannel, line: string): Promise<void> {
    const stdin: Buffer[] = [];
    channel.on('data', (chunk: Buffer) => stdin.push(chunk));
    await once(channel, 'end');
    const answer = await this.#program(line, Buffer.concat(stdin).toString('utf8'));
    channel.stderr.write(answer.stderr);
    channel.write(answer.stdout);
    channel.exit(answer.code);
    channel.end();
  }

  async #program(line: string, stdin: string): Promise<Answer> {
    const [words = []] = splitCommands(line);
    const done: Answer = { code: 0, stdout: '', stderr: '' };
    if (words[0] === 'true') return done;
    if (words[0] === 'mv') {
      if (!this.mayWrite) return { code: 1, stdout: '', stderr: 'mv: Permission denied\n' };
      await rename(words[3] ?? '', words[4] ?? '');
      return done;
    }
    const [, , program = '', ...args] = words;
    if (program === 'virsh' && this.hasVirsh) return this.libvirt.virsh(args, stdin);
    return { code: 127, stdout: '', stderr: `env: '${program}': No such file or directory\n` };
  }
}
