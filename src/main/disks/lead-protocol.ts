/** What the engine and a lead thread say to each other. One operation at a time in each lead thread. */
import type { ChainPolicy, ConvertJob, DiskFile, ByteProgress } from './disk-engine.ts';
import type { PackedError } from './error-transfer.ts';
import type { IdentityLevel } from './identity.ts';
import type { PortableFile } from './places/place-link.ts';

/** @typeParam File `DiskFile` for who asks and who carries out, `PortableFile` on the way between them */
export type LeadRequest<File = DiskFile> =
  | { kind: 'chain'; file: File }
  | { kind: 'members'; file: File }
  | { kind: 'inspect'; file: File }
  | { kind: 'map'; file: File; partCount: number }
  | { kind: 'fingerprint'; file: File }
  | { kind: 'check'; path: string }
  | { kind: 'overlay'; path: string; basePath: string; policy: ChainPolicy }
  | { kind: 'convert'; job: Omit<ConvertJob, 'source'> & { source: File } }
  | { kind: 'identify'; file: File; level: IdentityLevel }
  | { kind: 'difference'; first: File; second: File };

/** The same request with each of its disk files changed. */
export function withFiles<From, To>(request: LeadRequest<From>, change: (file: From) => To): LeadRequest<To> {
  switch (request.kind) {
    case 'check':
    case 'overlay':
      return request;
    case 'convert':
      return { ...request, job: { ...request.job, source: change(request.job.source) } };
    case 'difference':
      return { ...request, first: change(request.first), second: change(request.second) };
    case 'chain':
    case 'members':
    case 'inspect':
    case 'map':
    case 'fingerprint':
    case 'identify':
      return { ...request, file: change(request.file) };
  }
}

export type ToLead = { kind: 'start'; request: LeadRequest<PortableFile> } | { kind: 'abort' };

export type FromLead =
  | { kind: 'progress'; report: ByteProgress }
  | { kind: 'done'; value: unknown }
  | { kind: 'failed'; error: PackedError };
