/** The real cloud of the live tests: how it is reached, and what a test makes in it. */
import { stat, writeFile } from 'node:fs/promises';
import { systemClock } from '../../../src/main/clock.ts';
import type { NewVmSpec, PlatformIntent } from '../../../src/main/platforms/connector.ts';
import { OpenStackConnector } from '../../../src/main/platforms/openstack/openstack-connector.ts';
import { openStackSettings } from '../../../src/main/platforms/openstack/settings.ts';

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: start the live tests with tests/live/openstack/run.sh`);
  return value;
}

export const realCloud = {
  authUrl: required('OS_AUTH_URL'), username: required('OS_USERNAME'), password: required('OS_PASSWORD'), project: required('OS_PROJECT_NAME'),
  userDomain: process.env['OS_USER_DOMAIN_NAME'] ?? 'Default', projectDomain: process.env['OS_PROJECT_DOMAIN_NAME'] ?? 'Default',
};

export const never = new AbortController().signal;
const noReport = (): void => undefined;

export async function all<T>(pages: AsyncIterable<T[]>): Promise<T[]> {
  const found: T[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

export function connect(): OpenStackConnector {
  const { password, ...settings } = realCloud;
  return new OpenStackConnector(openStackSettings.parse(settings), { password }, { clock: systemClock, environment: process.env });
}

/** The password lies in the file, so that the app needs no vault to find it again after a kill. */
export async function writeCloudsYaml(path: string): Promise<void> {
  const { authUrl, username, password, project, userDomain, projectDomain } = realCloud;
  const auth = { auth_url: authUrl, username, password, project_name: project, user_domain_name: userDomain, project_domain_name: projectDomain };
  await writeFile(path, JSON.stringify({ clouds: { live: { auth } } }), { mode: 0o600 });
}

/** A stopped server and the image that it was made from. */
export interface RealServer {
  id: string;
  imageId: string;
  remove: () => Promise<void>;
}

const os = { family: 'linux', distro: 'debian', name: null, version: null, architecture: null, source: 'platform' } as const;

/** @param disk a qcow2 file @param sizeBytes what a guest sees of it */
export async function makeServer(cloud: OpenStackConnector, name: string, disk: string, virtualBytes: number): Promise<RealServer> {
  const spec: NewVmSpec = { name, diskFormat: 'qcow2', bootMode: 'bios', videoModel: 'virtio', vcpus: 1, memoryBytes: 128 * 1024 ** 2, os };
  const pool = (await all(cloud.inventory.pools(never)))[0]?.externalId ?? '';
  const storeSpec = { pool, name: `${name} base`, fileType: 'qcow2', virtualBytes, os, bootMode: 'bios', videoModel: 'virtio' } as const;
  const upload = await cloud.imageStore.prepareUpload(storeSpec, (await stat(disk)).size, `${name}/upload`);
  const image = await cloud.imageStore.upload(upload, disk, noReport, never);
  await cloud.imageStore.publish(image, upload, storeSpec, never);
  let intent: PlatformIntent | null = null;
  const remove = async (): Promise<void> => {
    if (intent !== null) await cloud.remoteCreator.undo(intent, never);
    await cloud.imageStore.remove(pool, image.externalId, never);
  };
  try {
    const from = { kind: 'stored', pool, image: image.externalId } as const;
    intent = await cloud.remoteCreator.prepare(spec, from, `${name}/create`);
    const id = await cloud.remoteCreator.create(spec, from, intent, noReport, never);
    await cloud.power.stop(id, 'forced', never);
    return { id, imageId: image.externalId, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Every image of the cloud by name, past the connector, which hides what runs have not published. */
export async function imageNames(): Promise<string[]> {
  const { authUrl, username, password, project, userDomain, projectDomain } = realCloud;
  const identity = { methods: ['password'], password: { user: { name: username, domain: { name: userDomain }, password } } };
  const signedIn = await fetch(`${authUrl.replace(/\/$/, '')}/auth/tokens`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity, scope: { project: { name: project, domain: { name: projectDomain } } } } }),
  });
  const { token } = (await signedIn.json()) as { token: { catalog: { type: string; endpoints: { interface: string; url: string }[] }[] } };
  const glance = token.catalog.find(({ type }) => type === 'image')?.endpoints.find((endpoint) => endpoint.interface === 'public')?.url ?? '';
  const listed = await fetch(`${glance}/v2/images?limit=1000`, { headers: { 'x-auth-token': signedIn.headers.get('x-subject-token') ?? '' } });
  return ((await listed.json()) as { images: { name: string }[] }).images.map(({ name }) => name);
}
