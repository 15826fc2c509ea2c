/**
 * How desktop images lie in a pool: a folder a name, a file a version (`<name>/<name>-v<number>.<qcow2|vhd>`), and beside it a
 * manifest (`….json`) that says what the file is, so that a pool can be read without our database. What is being written lies in
 * the pool's root as `.goldpress-<run>.part`.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileType } from '../../../shared/model/desktop-image.ts';
import type { RunId } from '../../../shared/model/ids.ts';
import { nameKey, versionFileName } from '../../../shared/rules/image-name.ts';
import type { StoredVersion } from '../../store/repositories/desktop-image-rows.ts';
import { errorCode } from './durable-files.ts';
import type { JsonObject } from '../engine/definition.ts';

export interface VersionPaths {
  directory: string;
  file: string;
  manifest: string;
}

/** @param fileName the name inside the folder, from `versionFileName` or from a stored version. */
export function versionPaths(poolPath: string, imageName: string, fileName: string): VersionPaths {
  const directory = join(poolPath, imageName.normalize('NFC'));
  const file = join(directory, fileName);
  return { directory, file, manifest: `${file}.json` };
}

export function temporaryPaths(poolPath: string, runId: RunId): { temporary: string; checkpoint: string } {
  const temporary = join(poolPath, `.goldpress-${runId}.part`);
  return { temporary, checkpoint: `${temporary}.checkpoint` };
}

/** Version numbers that files of this name in its folder (or their manifests) already carry, known to our database or not. */
export async function numbersOnDisk(poolPath: string, imageName: string): Promise<number[]> {
  const types: readonly FileType[] = ['qcow2', 'vhd'];
  let names: string[];
  try {
    names = await readdir(join(poolPath, imageName.normalize('NFC')));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
  return names.flatMap((found) => {
    const file = found.replace(/\.json$/i, '');
    const number = Number(/-v(\d{1,9})\.(?:qcow2|vhd)$/i.exec(file)?.[1] ?? Number.NaN);
    return types.some((type) => nameKey(versionFileName(imageName, number, type)) === nameKey(file)) ? [number] : [];
  });
}

/** What the manifest says; for people and for other programs, so it names things instead of our ids alone. */
export function manifestOf(image: { name: string; architecture: string }, version: StoredVersion, flavor: JsonObject | null): string {
  return `${JSON.stringify({
    format: 'goldpress-desktop-image',
    formatVersion: 1,
    name: image.name,
    version: version.number,
    file: version.fileName,
    fileType: version.fileType,
    vhdVariant: version.vhdVariant,
    fileBytes: version.actualBytes,
    virtualBytes: version.virtualBytes,
    architecture: image.architecture,
    configure: version.configure === null ? null : { kind: version.configure.kind, flavor },
    os: version.os,
    bootMode: version.bootMode,
    videoModel: version.videoModel,
    source: version.source,
    publishedAt: new Date(version.publishedAt).toISOString(),
    publishedBy: version.publishedBy,
    desktopImageId: version.desktopImageId,
    versionId: version.id,
    identity: { fast: version.fastIdentity, content: version.contentIdentity },
  }, null, 2)}\n`;
}
