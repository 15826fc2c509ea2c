/** `images.*`: the VDI images and templates that platforms offer. */
import { AppError } from '../../../shared/model/app-error.ts';
import type { Image } from '../../../shared/model/image.ts';
import type { ImageRepository, StoredImage } from '../../store/repositories/image.repo.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export function imagesHandlers({ images }: { images: ImageRepository }): Handlers<AreaCommands<'images'>> {
  return {
    'images.list': async (query) => {
      const { total, rows } = await images.list(query);
      return { total, rows: rows.map(toView) };
    },
    'images.show': async ({ id }) => {
      const stored = await images.find(id);
      if (stored === null) throw new AppError('NOT_FOUND', { what: 'image', id });
      return toView(stored);
    },
  };
}

function toView({ id, platformId, platformName, projectName, record, judgement, verdict, seenAt, missingSince }: StoredImage): Image {
  const { externalId, name, form, scope, format, virtualBytes, actualBytes, videoModel, instructions, projectId, status, visibility, properties, createdAt, updatedAt } = record;
  return {
    id, platformId, platformName, externalId, name, form, scope, format, virtualBytes, actualBytes, videoModel, instructions,
    projectName: projectName ?? projectId ?? null, status: status ?? null, visibility: visibility ?? null, properties: properties ?? {}, createdAt: createdAt ?? null,
    updatedAt: updatedAt ?? null, os: judgement.os, bootMode: judgement.bootMode, verdict, findings: judgement.findings, seenAt, missingSince,
  };
}
