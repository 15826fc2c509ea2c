/** `desktopImages.*`: the published images, with whether their files still are what was published and who uses them. */
import { AppError } from '../../../shared/model/app-error.ts';
import { available, unavailable, type Availability } from '../../../shared/model/capability.ts';
import type { DesktopImage, DesktopImageDetail, DesktopImageVersion } from '../../../shared/model/desktop-image.ts';
import type { FlavorId } from '../../../shared/model/ids.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { DesktopImageRepository } from '../../store/repositories/desktop-image.repo.ts';
import type { StoredDesktopImage, StoredVersion } from '../../store/repositories/desktop-image-rows.ts';
import type { FlavorRepository } from '../../store/repositories/flavor.repo.ts';
import { fileProblem, findVersion, pathsOfVersion } from '../../workflows/desktop-image/stored-version.ts';
import { usersOf } from '../../workflows/desktop-image/version-users.ts';
import type { SourceVmLookup } from '../../workflows/source-vm-lookup.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export interface DesktopImagesDeps {
  images: DesktopImageRepository;
  flavors: FlavorRepository;
  sourceVms: Pick<SourceVmLookup, 'find'>;
  /** Shows a file in the file manager of this machine. */
  reveal: (path: string) => Promise<void>;
}

/** A pool on a share that has gone silent must not keep the list waiting. */
const answerWithinMs = 3000;

async function problemOf(image: StoredDesktopImage, version: StoredVersion): Promise<Message | null> {
  // What a store holds is asked when it is verified; a list must not wait for a platform.
  if (version.stored !== null) return null;
  const paths = pathsOfVersion(image, version);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Message>((resolve) => {
    timer = setTimeout(() => resolve(say('DESKTOP_IMAGE_FILE_SILENT', { path: paths.file })), answerWithinMs);
  });
  try {
    return await Promise.race([fileProblem({ version, paths }), late]);
  } finally {
    clearTimeout(timer);
  }
}

function actionsOf(problem: Message | null, users: DesktopImageVersion[], stored: Message | null): DesktopImage['actions'] {
  const onFile: Availability = problem === null ? available : unavailable(problem);
  const inUse = users.find((version) => version.inUseBy.length > 0);
  return {
    verify: onFile,
    copy: stored === null ? onFile : unavailable(stored),
    newSourceVm: stored === null ? onFile : unavailable(stored),
    remove: inUse === undefined ? available : unavailable(say('DESKTOP_IMAGE_IN_USE', { number: inUse.number, users: inUse.inUseBy.join(', ') })),
  };
}

export function desktopImagesHandlers(deps: DesktopImagesDeps): Handlers<AreaCommands<'desktopImages'>> {
  const { images, flavors } = deps;
  const flavorNames = async (): Promise<Map<FlavorId, string>> => new Map((await flavors.list()).map((flavor) => [flavor.id, flavor.name]));
  const complete = async (version: StoredVersion, names: Map<FlavorId, string>): Promise<DesktopImageVersion> => ({
    ...version,
    flavorName: version.configure?.kind === 'dedicated' ? (names.get(version.configure.flavorId) ?? null) : null,
    inUseBy: await usersOf(deps, version.id),
  });
  const row = async (image: StoredDesktopImage, stored: StoredVersion, versions: DesktopImageVersion[], versionCount: number): Promise<DesktopImage> => {
    const problem = await problemOf(image, stored);
    const current = versions.find((version) => version.id === stored.id);
    if (current === undefined) throw new AppError('NOT_FOUND', { what: 'desktop-image-version', id: stored.id });
    return {
      id: image.id, name: image.name, poolId: image.poolId, poolName: image.poolName, architecture: image.architecture, versionCount, current,
      createdAt: image.createdAt, problem, actions: actionsOf(problem, versions, stored.stored === null ? null : say('DESKTOP_IMAGE_STORED_ONLY', { number: stored.number, pool: image.poolName })),
    };
  };

  return {
    'desktopImages.list': async (query) => {
      const [{ total, rows }, names] = [await images.list(query), await flavorNames()];
      return {
        total,
        rows: await Promise.all(rows.map(async ({ image, current, versionCount }) => row(image, current, [await complete(current, names)], versionCount))),
      };
    },
    'desktopImages.show': async ({ id }): Promise<DesktopImageDetail> => {
      const image = await images.find(id);
      const stored = await images.versions(id);
      const current = stored.find((version) => version.isCurrent);
      if (image === null || current === undefined) throw new AppError('NOT_FOUND', { what: 'desktop-image', id });
      const names = await flavorNames();
      const versions = await Promise.all(stored.map((version) => complete(version, names)));
      return { ...(await row(image, current, versions, versions.length)), versions, directory: current.stored === null ? pathsOfVersion(image, current).directory : `${image.poolName} · ${current.stored.externalId}` };
    },
    'desktopImages.reveal': async ({ versionId }) => {
      const found = await findVersion(deps, versionId);
      if (found.version.stored !== null) throw new AppError('DESKTOP_IMAGE_STORED_ONLY', { number: found.version.number, pool: found.image.poolName });
      const problem = await fileProblem(found);
      if (problem !== null) throw new AppError(problem.code, problem.params);
      await deps.reveal(found.paths.file);
      return {};
    },
  };
}
