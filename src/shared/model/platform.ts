/** Platforms: configured clouds, hosts and folders, and how fresh what we know of them is. */
import { z } from 'zod';
import { errorView } from './error-view.ts';
import { capabilities } from './capability.ts';
import { platformId } from './ids.ts';
import { message } from './message-schema.ts';

export const platformKind = z.enum(['local', 'libvirt', 'openstack', 'smartx', 'zstack', 'zsphere', 'manifest']);
export type PlatformKind = z.infer<typeof platformKind>;

/** `never` = not synced yet; `partial` = the last listing did not end, so nothing was swept. */
export const platformHealth = z.object({
  status: z.enum(['never', 'ok', 'partial', 'failing']),
  isSyncing: z.boolean(),
  /** End of the last complete listing: the age that every row of this platform shows. */
  lastOkAt: z.number().nullable(),
  lastTryAt: z.number().nullable(),
  version: z.string().nullable(),
  capabilities,
  error: errorView.nullable(),
});
export type PlatformHealth = z.infer<typeof platformHealth>;

export const platform = z.object({
  id: platformId,
  kind: platformKind,
  name: z.string(),
  /** Without secrets; they are write-only and live in the vault. */
  config: z.record(z.string(), z.json()),
  environment: z.object({ label: z.string().max(40), color: z.enum(['grey', 'green', 'blue', 'orange', 'red']) }).nullable(),
  isReadOnly: z.boolean(),
  isSample: z.boolean(),
  createdAt: z.number(),
  health: platformHealth,
  counts: z.object({ sourceVms: z.number(), images: z.number() }),
});
export type Platform = z.infer<typeof platform>;

/** What a platform has beside its VMs and images, as last listed. */
export const platformLists = z.object({
  projects: z.array(z.object({ externalId: z.string(), name: z.string(), isManagement: z.boolean() })),
  instanceSizes: z.array(z.object({ externalId: z.string(), name: z.string(), vcpus: z.number(), memoryBytes: z.number(), diskBytes: z.number() })),
  pools: z.array(z.object({
    externalId: z.string(), name: z.string(), location: z.string().nullable(), freeBytes: z.number().nullable(), totalBytes: z.number().nullable(),
    fileTypes: z.array(z.string()), problem: message.nullable(), seenAt: z.number(),
  })),
});
export type PlatformLists = z.infer<typeof platformLists>;

/** How often platforms are read by themselves: what changed, and everything. */
export const syncSettings = z.object({ quickMinutes: z.int().min(1).max(1440), completeMinutes: z.int().min(10).max(10_080), isPaused: z.boolean() });
export type SyncSettings = z.infer<typeof syncSettings>;

/** One field of the form that adds a platform; made from the connector's configuration schema. */
export const configField = z.object({
  key: z.string(),
  type: z.enum(['text', 'directory', 'file', 'number', 'boolean', 'choice', 'secret']),
  label: message,
  help: message.nullable(),
  isRequired: z.boolean(),
  choices: z.array(z.string()),
  /** Needed by few: shown when asked for. */
  isAdvanced: z.boolean().optional(),
});
export type ConfigField = z.infer<typeof configField>;

/**
 * What the other side showed and a person may trust for this platform alone: a certificate or an SSH host key. `value` goes into the
 * setting named `field`, where it is checked before the first byte is sent.
 */
export const trustOffer = z.object({ field: z.string(), value: z.string().max(1000), what: z.enum(['certificate', 'host-key']), detail: message });
export type TrustOffer = z.infer<typeof trustOffer>;

/** One step of a connection test, with what it saw. */
export const testStep = z.object({
  title: message, outcome: z.enum(['ok', 'failed', 'skipped']), detail: message.nullable(),
  trust: trustOffer.nullable().optional(),
});
export type TestStep = z.infer<typeof testStep>;
