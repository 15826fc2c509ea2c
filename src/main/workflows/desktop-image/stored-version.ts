/** A registered version with its file as it lies in the pool now; what the workflows on desktop images plan with and guard. */
import { AppError } from '../../../shared/model/app-error.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { DesktopImageVersionId } from '../../../shared/model/ids.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { TaskSubject } from '../../../shared/model/task.ts';
import type { StoredDesktopImage, StoredVersion } from '../../store/repositories/desktop-image-rows.ts';
import type { PublishDeps } from '../publish/deps.ts';
import { entryAt, errorCode } from '../publish/durable-files.ts';
import { versionPaths, type VersionPaths } from '../publish/pool-layout.ts';

export interface FoundVersion {
  image: StoredDesktopImage;
  version: StoredVersion;
  paths: VersionPaths;
}

export function pathsOfVersion(image: StoredDesktopImage, version: StoredVersion): VersionPaths {
  return versionPaths(image.poolPath, image.name, version.fileName);
}

/** @throws AppError `NOT_FOUND`. */
export async function findVersion(deps: Pick<PublishDeps, 'images'>, id: DesktopImageVersionId): Promise<FoundVersion> {
  const found = await deps.images.findVersion(id);
  if (found === null) throw new AppError('NOT_FOUND', { what: 'desktop-image-version', id });
  return { ...found, paths: pathsOfVersion(found.image, found.version) };
}

/** What works on a file of this computer only. @throws nothing: a finding says that it cannot be done from a store */
export function judgeStored({ image, version }: FoundVersion): Finding[] {
  if (version.stored === null) return [];
  const reason = say('DESKTOP_IMAGE_STORED_ONLY', { number: version.number, pool: image.poolName });
  return [{ id: 'stored', severity: 'blocking', reason, source: say('DESKTOP_IMAGE_SOURCE', { name: image.name, number: version.number }), fix: null }];
}

/** Null when the file is where it should be, with the size it should have; else what is wrong. Never rejects. */
export async function fileProblem({ version, paths }: Pick<FoundVersion, 'version' | 'paths'>): Promise<Message | null> {
  try {
    const entry = await entryAt(paths.file);
    if (entry === null || !entry.isFile()) return say('DESKTOP_IMAGE_FILE_GONE', { path: paths.file });
    const foundBytes = Number(entry.size);
    return foundBytes === version.actualBytes ? null : say('DESKTOP_IMAGE_FILE_SIZE', { path: paths.file, found: foundBytes, expected: version.actualBytes });
  } catch (error) {
    return say('DESKTOP_IMAGE_FILE_UNREADABLE', { path: paths.file, cause: errorCode(error) ?? String(error) });
  }
}

export async function judgeFile(found: FoundVersion): Promise<Finding[]> {
  const stored = judgeStored(found);
  if (stored.length > 0) return stored;
  const reason = await fileProblem(found);
  return reason === null ? [] : [{ id: 'file', severity: 'blocking', reason, source: versionSource(found), fix: null }];
}

/** Size and time of the file; null when it cannot be seen. */
export async function fileStamp(path: string): Promise<string | null> {
  const entry = await entryAt(path).catch(() => null);
  return entry === null ? null : `${entry.size}:${entry.mtimeNs}:${entry.ino}`;
}

export const versionSource = ({ image, version }: FoundVersion): Message => say('DESKTOP_IMAGE_SOURCE', { name: image.name, number: version.number });

export const versionSubject = ({ image }: FoundVersion): TaskSubject => ({ kind: 'desktop-image', id: image.id, name: image.name });
