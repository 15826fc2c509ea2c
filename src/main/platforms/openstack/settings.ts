/** The settings of an OpenStack platform, as stored; and what they amount to once `clouds.yaml` and the secrets are read. */
import { z } from 'zod';
import { say } from '../../../shared/model/message.ts';
import type { ConfigField } from '../../../shared/model/platform.ts';
import { pinsOf } from '../http/verified-socket.ts';

/** An empty field of the form is one that was not filled in. */
const filled = <T extends z.ZodType>(schema: T) => z.preprocess((value) => (value === null || (typeof value === 'string' && value.trim() === '') ? undefined : value), schema.optional()).optional();
const optional = filled(z.string().trim().max(4096));
const address = optional.refine((value) => value === undefined || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && hasNoUser(value)));

function hasNoUser(value: string): boolean {
  const { username, password } = new URL(value);
  return username === '' && password === '';
}

export const interfaces = ['public', 'internal', 'admin'] as const;
export const authMethods = ['password', 'application-credential'] as const;

export const openStackSettings = z.strictObject({
  /** Path of a `clouds.yaml`; what it says is read at each connection and never stored. */
  cloudsYaml: optional,
  cloud: optional,
  authUrl: address,
  authMethod: filled(z.enum(authMethods)),
  username: optional,
  userDomain: optional,
  project: optional,
  projectDomain: optional,
  applicationCredentialId: optional,
  region: optional,
  interface: filled(z.enum(interfaces)),
  caFile: optional,
  tlsPin: optional.refine((value) => pinsOf(value).every((pin) => /^[0-9a-f]{64}$/.test(pin))),
  proxy: address,
  proxyUser: optional,
  instanceSize: optional,
  network: optional,
  imageTimeoutMinutes: filled(z.coerce.number().int().min(1).max(10_080)),
}).refine((value) => value.cloudsYaml !== undefined || value.authUrl !== undefined, { path: ['authUrl'] })
  .refine((value) => value.cloudsYaml === undefined || value.cloud !== undefined, { path: ['cloud'] });
export type OpenStackSettings = z.infer<typeof openStackSettings>;

/** A name or an id of a domain: most clouds have one named `Default` with the id `default`. */
export interface DomainRef {
  id?: string | undefined;
  name?: string | undefined;
}

export type Credentials =
  | { method: 'password'; user: { id?: string | undefined; name?: string | undefined; domain: DomainRef }; password: string; project: { id?: string | undefined; name?: string | undefined; domain: DomainRef } }
  | { method: 'application-credential'; id?: string | undefined; name?: string | undefined; secret: string; user?: { id?: string | undefined; name?: string | undefined; domain: DomainRef } | undefined };

/** Everything that is needed to sign in. Holds secrets: never stored, never logged. */
export interface CloudAccess {
  authUrl: URL;
  credentials: Credentials;
  region: string | null;
  interface: (typeof interfaces)[number];
  caFile: string | null;
}

function field(key: keyof OpenStackSettings | 'password' | 'applicationCredentialSecret' | 'proxyPassword', type: ConfigField['type'], more: Partial<ConfigField> & Pick<ConfigField, 'label'>): ConfigField {
  return { key, type, help: null, isRequired: false, choices: [], ...more };
}

export const openStackFields: readonly ConfigField[] = [
  field('authUrl', 'text', { label: say('FIELD_OPENSTACK_AUTH_URL'), help: say('FIELD_OPENSTACK_AUTH_URL_HELP') }),
  field('authMethod', 'choice', { label: say('FIELD_OPENSTACK_AUTH_METHOD'), choices: [...authMethods] }),
  field('username', 'text', { label: say('FIELD_OPENSTACK_USERNAME') }),
  field('password', 'secret', { label: say('FIELD_OPENSTACK_PASSWORD') }),
  field('userDomain', 'text', { label: say('FIELD_OPENSTACK_USER_DOMAIN'), help: say('FIELD_OPENSTACK_DOMAIN_HELP') }),
  field('project', 'text', { label: say('FIELD_OPENSTACK_PROJECT'), help: say('FIELD_OPENSTACK_PROJECT_HELP') }),
  field('projectDomain', 'text', { label: say('FIELD_OPENSTACK_PROJECT_DOMAIN'), help: say('FIELD_OPENSTACK_DOMAIN_HELP') }),
  field('applicationCredentialId', 'text', { label: say('FIELD_OPENSTACK_CREDENTIAL_ID') }),
  field('applicationCredentialSecret', 'secret', { label: say('FIELD_OPENSTACK_CREDENTIAL_SECRET') }),
  field('cloudsYaml', 'file', { label: say('FIELD_OPENSTACK_CLOUDS_YAML'), help: say('FIELD_OPENSTACK_CLOUDS_YAML_HELP') }),
  field('cloud', 'text', { label: say('FIELD_OPENSTACK_CLOUD'), help: say('FIELD_OPENSTACK_CLOUD_HELP') }),
  field('region', 'text', { isAdvanced: true, label: say('FIELD_OPENSTACK_REGION'), help: say('FIELD_OPENSTACK_REGION_HELP') }),
  field('interface', 'choice', { isAdvanced: true, label: say('FIELD_OPENSTACK_INTERFACE'), help: say('FIELD_OPENSTACK_INTERFACE_HELP'), choices: [...interfaces] }),
  field('caFile', 'file', { isAdvanced: true, label: say('FIELD_PLATFORM_CA_FILE'), help: say('FIELD_PLATFORM_CA_FILE_HELP') }),
  field('tlsPin', 'text', { isAdvanced: true, label: say('FIELD_PLATFORM_TLS_PIN'), help: say('FIELD_PLATFORM_TLS_PIN_HELP') }),
  field('proxy', 'text', { isAdvanced: true, label: say('FIELD_PLATFORM_PROXY'), help: say('FIELD_PLATFORM_PROXY_HELP') }),
  field('proxyUser', 'text', { isAdvanced: true, label: say('FIELD_PLATFORM_PROXY_USER') }),
  field('proxyPassword', 'secret', { isAdvanced: true, label: say('FIELD_PLATFORM_PROXY_PASSWORD') }),
  field('instanceSize', 'text', { isAdvanced: true, label: say('FIELD_OPENSTACK_INSTANCE_SIZE'), help: say('FIELD_OPENSTACK_INSTANCE_SIZE_HELP') }),
  field('network', 'text', { isAdvanced: true, label: say('FIELD_OPENSTACK_NETWORK'), help: say('FIELD_OPENSTACK_NETWORK_HELP') }),
  field('imageTimeoutMinutes', 'number', { isAdvanced: true, label: say('FIELD_OPENSTACK_IMAGE_TIMEOUT'), help: say('FIELD_OPENSTACK_IMAGE_TIMEOUT_HELP') }),
];
