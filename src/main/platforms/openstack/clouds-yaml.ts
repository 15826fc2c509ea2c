/**
 * `clouds.yaml` and the `secure.yaml` beside it, as the OpenStack clients read them: one named cloud, the secrets laid over it. The files
 * stay where they are; nothing of them is stored.
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import { interfaces } from './settings.ts';

const maxFileBytes = 1024 ** 2;
/** A number that somebody wrote without quotes is a name all the same. */
const word = z.union([z.string().max(4096), z.number()]).transform(String).nullish().transform((value) => value ?? undefined);

const cloudEntry = z.object({
  auth: z.object({
    auth_url: word, username: word, user_id: word, password: word, user_domain_name: word, user_domain_id: word, domain_name: word, domain_id: word,
    default_domain: word, project_name: word, project_id: word, tenant_name: word, tenant_id: word, project_domain_name: word, project_domain_id: word,
    application_credential_id: word, application_credential_name: word, application_credential_secret: word,
  }).partial().default({}),
  auth_type: word,
  region_name: word,
  interface: word,
  endpoint_type: word,
  cacert: word,
  verify: z.unknown().optional(),
  insecure: z.unknown().optional(),
});
export type CloudEntry = Omit<z.infer<typeof cloudEntry>, 'interface'> & { interface: (typeof interfaces)[number] | undefined };

const files = z.object({ clouds: z.record(z.string(), z.unknown()) });

/** @throws `OPENSTACK_CLOUDS_UNREADABLE`, `OPENSTACK_CLOUD_UNKNOWN`, `OPENSTACK_VERIFY_OFF` */
export async function readCloud(file: string, name: string): Promise<CloudEntry> {
  const clouds = await cloudsOf(file);
  const entry = clouds[name];
  if (entry === undefined) throw new AppError('OPENSTACK_CLOUD_UNKNOWN', { cloud: name, file, names: Object.keys(clouds).join(', ') });
  const none: Record<string, unknown> = {};
  const secure = await cloudsOf(join(dirname(file), 'secure.yaml')).catch((error: unknown) => {
    if (error instanceof AppError && error.params['isMissing'] === 1) return none;
    throw error;
  });
  const parsed = cloudEntry.safeParse(merge(entry, secure[name]));
  if (!parsed.success) throw unreadable(file, parsed.error.issues.map((issue) => issue.path.join('.')).join(', '));
  const cloud = parsed.data;
  if (isOff(cloud.verify) || isOn(cloud.insecure)) throw new AppError('OPENSTACK_VERIFY_OFF', { cloud: name, file });
  // `publicURL` is the spelling of older clients.
  const wanted = (cloud.interface ?? cloud.endpoint_type)?.replace(/URL$/, '');
  const known = interfaces.find((item) => item === wanted);
  if (wanted !== undefined && known === undefined) throw unreadable(file, 'interface');
  const cacert = cloud.cacert === undefined || isAbsolute(cloud.cacert) ? cloud.cacert : join(dirname(file), cloud.cacert);
  return { ...cloud, cacert, interface: known };
}

const isOff = (value: unknown): boolean => value === false || (typeof value === 'string' && /^(?:false|no|off|0)$/i.test(value));
const isOn = (value: unknown): boolean => value === true || (typeof value === 'string' && /^(?:true|yes|on|1)$/i.test(value));

function unreadable(file: string, problem: string, isMissing = false): AppError {
  return new AppError('OPENSTACK_CLOUDS_UNREADABLE', { file, problem, ...(isMissing ? { isMissing: 1 } : {}) });
}

async function cloudsOf(file: string): Promise<Record<string, unknown>> {
  let content: string;
  try {
    if ((await stat(file)).size > maxFileBytes) throw unreadable(file, '> 1 MiB');
    content = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
    throw unreadable(file, code, code === 'ENOENT');
  }
  let value: unknown;
  try {
    value = parse(content, { maxAliasCount: 100, logLevel: 'error' });
  } catch (error) {
    // The parser's own text quotes the file, and with it secrets; its place does not.
    const at = error instanceof Error && 'linePos' in error ? (error.linePos as { line: number }[] | undefined)?.[0]?.line : undefined;
    throw unreadable(file, at === undefined ? 'YAML' : `YAML, ${at}`);
  }
  const found = files.safeParse(value);
  if (!found.success) throw unreadable(file, 'clouds');
  return found.data.clouds;
}

/** Deep, the second wins; what is no mapping replaces. */
function merge(first: unknown, second: unknown): unknown {
  if (!isMapping(first) || !isMapping(second)) return second ?? first;
  const result: Record<string, unknown> = { ...first };
  for (const [key, value] of Object.entries(second)) result[key] = merge(result[key], value);
  return result;
}

const isMapping = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
