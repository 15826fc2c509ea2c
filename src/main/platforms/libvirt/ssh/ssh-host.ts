/** A host that is reached over SSH: one session, and all that goes through it. */
import type { DiskPlace } from '../../../disks/disk-place.ts';
import type { CommandResult, Host, HostFiles, RunOptions } from '../host.ts';
import { SftpFiles } from './sftp-files.ts';
import { SftpPlace } from './sftp-place.ts';
import type { SshSession } from './ssh-session.ts';

export class SshHost implements Host {
  readonly label: string;
  readonly place: DiskPlace;
  readonly files: HostFiles;
  readonly #session: SshSession;

  constructor(session: SshSession) {
    this.#session = session;
    this.label = session.label;
    this.place = new SftpPlace(session);
    this.files = new SftpFiles(session);
  }

  run(command: readonly string[], options?: RunOptions): Promise<CommandResult> {
    return this.#session.run(command, options);
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }
}
