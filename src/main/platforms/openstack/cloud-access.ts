/** Puts settings, `clouds.yaml` and secrets together into what is needed to sign in. What the form says beats what the file says. */
import { AppError } from '../../../shared/model/app-error.ts';
import { readCloud, type CloudEntry } from './clouds-yaml.ts';
import type { CloudAccess, Credentials, DomainRef, OpenStackSettings } from './settings.ts';

type Secrets = Readonly<Record<string, string | undefined>>;

/** @throws `PLATFORM_SETTINGS_INVALID` with the names of what is missing, and what reading the file throws */
export async function cloudAccess(settings: OpenStackSettings, secrets: Secrets): Promise<CloudAccess> {
  const entry = settings.cloudsYaml === undefined ? null : await readCloud(settings.cloudsYaml, settings.cloud ?? '');
  const authUrl = settings.authUrl ?? entry?.auth.auth_url;
  if (authUrl === undefined || !URL.canParse(authUrl) || !/^https?:$/.test(new URL(authUrl).protocol)) throw missing('authUrl');
  return {
    authUrl: new URL(authUrl),
    credentials: credentialsOf(settings, secrets, entry),
    region: settings.region ?? entry?.region_name ?? null,
    interface: settings.interface ?? entry?.interface ?? 'public',
    caFile: settings.caFile ?? entry?.cacert ?? null,
  };
}

function missing(...fields: string[]): AppError {
  return new AppError('PLATFORM_SETTINGS_INVALID', { fields: fields.join(', ') });
}

function credentialsOf(settings: OpenStackSettings, secrets: Secrets, entry: CloudEntry | null): Credentials {
  const auth = entry?.auth ?? {};
  const method = settings.authMethod ?? methodOf(settings, entry);
  const userDomain = domain(settings.userDomain, auth.user_domain_id ?? auth.domain_id, auth.user_domain_name ?? auth.domain_name ?? auth.default_domain);
  const userName = settings.username ?? auth.username;
  if (method === 'application-credential') {
    const id = settings.applicationCredentialId ?? auth.application_credential_id;
    const name = auth.application_credential_name;
    const secret = secrets['applicationCredentialSecret'] ?? auth.application_credential_secret;
    if (secret === undefined) throw missing('applicationCredentialSecret');
    if (id !== undefined) return { method, id, secret };
    if (name === undefined || (userName === undefined && auth.user_id === undefined)) throw missing('applicationCredentialId');
    return { method, name, secret, user: { id: auth.user_id, name: userName, domain: userDomain } };
  }
  const password = secrets['password'] ?? auth.password;
  const project = settings.project === undefined
    ? { id: auth.project_id ?? auth.tenant_id, name: auth.project_name ?? auth.tenant_name }
    : /^[0-9a-f]{32}$/.test(settings.project) ? { id: settings.project, name: undefined } : { id: undefined, name: settings.project };
  const gaps = [
    ...(userName === undefined && auth.user_id === undefined ? ['username'] : []),
    ...(password === undefined || password === '' ? ['password'] : []),
    ...(project.id === undefined && project.name === undefined ? ['project'] : []),
  ];
  if (password === undefined || gaps.length > 0) throw missing(...gaps);
  const projectDomain = domain(settings.projectDomain, auth.project_domain_id ?? auth.domain_id, auth.project_domain_name ?? auth.domain_name ?? auth.default_domain);
  return {
    method,
    user: { id: settings.username === undefined ? auth.user_id : undefined, name: userName, domain: userDomain },
    password,
    project: { ...project, domain: projectDomain },
  };
}

function methodOf(settings: OpenStackSettings, entry: CloudEntry | null): Credentials['method'] {
  const type = entry?.auth_type;
  if (type === 'v3applicationcredential') return 'application-credential';
  if (type !== undefined && !['password', 'v3password'].includes(type)) throw new AppError('OPENSTACK_AUTH_TYPE', { type });
  const hasCredential = settings.applicationCredentialId !== undefined || entry?.auth.application_credential_id !== undefined;
  return hasCredential ? 'application-credential' : 'password';
}

/** A word in the form may be the name or the id; the one domain that nearly all have is told by either. */
function domain(word: string | undefined, id: string | undefined, name: string | undefined): DomainRef {
  if (word !== undefined) return word === 'default' ? { id: word } : { name: word };
  if (id !== undefined) return { id };
  return name === undefined ? { id: 'default' } : { name };
}
