/** What the engine and a lead thread say to each other. One operation at a time in each lead thread. */
import type { ChainPolicy, ConvertJob, DiskFile, ByteProgress } from './disk-engine.ts';
import type { PackedError } from './error-transfer.ts';
import type { IdentityLevel } from './identity.ts';

export type LeadRequest =
  | { kind: 'chain'; file: DiskFile }
  | { kind: 'inspect'; file: DiskFile }
  | { kind: 'map'; file: DiskFile; partCount: number }
  | { kind: 'fingerprint'; file: DiskFile }
  | { kind: 'check'; path: string }
  | { kind: 'overlay'; path: string; basePath: string; policy: ChainPolicy }
  | { kind: 'convert'; job: ConvertJob }
  | { kind: 'identify'; file: DiskFile; level: IdentityLevel }
  | { kind: 'difference'; first: DiskFile; second: DiskFile };

export type ToLead = { kind: 'start'; request: LeadRequest } | { kind: 'abort' };

export type FromLead =
  | { kind: 'progress'; report: ByteProgress }
  | { kind: 'done'; value: unknown }
  | { kind: 'failed'; error: PackedError };
