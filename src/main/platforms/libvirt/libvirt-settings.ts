/** The settings and form of a libvirt host. */
import { z } from 'zod';
import { say } from '../../../shared/model/message.ts';
import type { ConfigField } from '../../../shared/model/platform.ts';

const fingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/);
const hostName = z.string().min(1).max(255).regex(/^[^\s@/]+$/);

export const libvirtSettings = z.strictObject({
  /** Absent = this computer. */
  host: hostName.optional(),
  port: z.number().int().min(1).max(65_535).optional(),
  user: z.string().min(1).max(255).optional(),
  keyFile: z.string().min(1).max(4096).optional(),
  jumpHost: z.string().min(1).max(1000).optional(),
  /** Which of the host's libvirts. A host in it would be reached past our own session. */
  uri: z.string().regex(/^[a-z]+:\/\/\/[a-z]+$/).max(100).default('qemu:///system'),
  hostKey: fingerprint.optional(),
  jumpHostKey: fingerprint.optional(),
});
export type LibvirtSettings = z.infer<typeof libvirtSettings>;

const field = (key: string, type: ConfigField['type'], label: Parameters<typeof say>[0], help: Parameters<typeof say>[0] | null): ConfigField => ({
  key, type, label: say(label), help: help === null ? null : say(help), isRequired: false, choices: [],
});

export const libvirtFields: readonly ConfigField[] = [
  field('host', 'text', 'FIELD_LIBVIRT_HOST', 'FIELD_LIBVIRT_HOST_HELP'),
  field('port', 'number', 'FIELD_LIBVIRT_PORT', 'FIELD_LIBVIRT_PORT_HELP'),
  field('user', 'text', 'FIELD_LIBVIRT_USER', 'FIELD_LIBVIRT_USER_HELP'),
  field('keyFile', 'file', 'FIELD_LIBVIRT_KEY', 'FIELD_LIBVIRT_KEY_HELP'),
  field('keyPassphrase', 'secret', 'FIELD_LIBVIRT_PASSPHRASE', null),
  field('password', 'secret', 'FIELD_LIBVIRT_PASSWORD', 'FIELD_LIBVIRT_PASSWORD_HELP'),
  field('jumpHost', 'text', 'FIELD_LIBVIRT_JUMP', 'FIELD_LIBVIRT_JUMP_HELP'),
  field('uri', 'text', 'FIELD_LIBVIRT_URI', 'FIELD_LIBVIRT_URI_HELP'),
  field('hostKey', 'text', 'FIELD_LIBVIRT_HOST_KEY', 'FIELD_LIBVIRT_HOST_KEY_HELP'),
  field('jumpHostKey', 'text', 'FIELD_LIBVIRT_JUMP_KEY', 'FIELD_LIBVIRT_HOST_KEY_HELP'),
];
