/** A row of the cache as the contract shows it. */
import type { Image } from '../../shared/model/image.ts';
import type { StoredImage } from '../store/repositories/image.repo.ts';

export function toImageView({ id, platformId, platformName, projectName, record, judgement, business, verdict, seenAt, missingSince }: StoredImage): Image {
  const { externalId, name, form, format, virtualBytes, actualBytes, videoModel, instructions, projectId, status, visibility, properties, createdAt, updatedAt } = record;
  return {
    id, platformId, platformName, externalId, name, form, scope: business.assignment.scope, format, virtualBytes, actualBytes, videoModel, instructions,
    projectName: projectName ?? projectId ?? null, status: status ?? null, visibility: visibility ?? null, properties: properties ?? {}, createdAt: createdAt ?? null,
    updatedAt: updatedAt ?? null, os: judgement.os, bootMode: judgement.bootMode, ...business, verdict, findings: judgement.findings, seenAt, missingSince,
  };
}
