/** Whether a folder of the library can be written to, and the reason when not. */
import { randomBytes } from 'node:crypto';
import { access, constants, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { say, type Message } from '../../../shared/model/message.ts';

/**
 * Null where files can be made in the folder. A folder without any write permission counts as read-only for everybody: the mark was
 * set on purpose, also where an administrator could ignore it.
 */
export async function readOnlyReason(folder: string): Promise<Message | null> {
  const readOnly = say('LIBRARY_READ_ONLY', { folder });
  try {
    if (((await stat(folder)).mode & 0o222) === 0) return readOnly;
    await access(folder, constants.W_OK);
    // Windows answers from the attribute alone; only trying tells.
    if (process.platform === 'win32') await tryWriting(folder);
    return null;
  } catch {
    // Whatever the cause (permissions, a read-only medium, the folder gone): nothing can be written here.
    return readOnly;
  }
}

async function tryWriting(folder: string): Promise<void> {
  const path = join(folder, `.goldpress-${randomBytes(6).toString('hex')}.tmp`);
  await (await open(path, 'wx')).close();
  await rm(path);
}
