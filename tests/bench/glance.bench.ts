/**
 * `npm run bench:sync -- --glance`, with the customary `OS_…` variables: the sync of a real image service with 3 000 images against a bare
 * pager (every page by HTTP GET, nothing else) and against `openstack image list --long` where that is installed. Goals: at most 1.15 of
 * the pager and 0.3 of the client; a quick pass at most half of the first. Makes its images as metadata alone, and removes them after.
 */
import { spawn } from 'node:child_process';
import { systemClock } from '../../src/main/clock.ts';
import { openStackConnectorFactory } from '../../src/main/platforms/openstack/openstack-connector.ts';
import { createInventoryApp } from '../fixtures/inventory-app.ts';

const prefix = 'goldpress-bench-';
const runs = 3;
const parallel = 8;

interface Cloud {
  image: string;
  token: string;
}

const variable = (name: string): string => process.env[name] ?? '';
const domain = (name: string): { name: string } => ({ name: variable(name) === '' ? 'Default' : variable(name) });

async function signIn(): Promise<Cloud> {
  const user = { name: variable('OS_USERNAME'), domain: domain('OS_USER_DOMAIN_NAME'), password: variable('OS_PASSWORD') };
  const scope = { project: { name: variable('OS_PROJECT_NAME'), domain: domain('OS_PROJECT_DOMAIN_NAME') } };
  const response = await fetch(`${variable('OS_AUTH_URL')}/auth/tokens`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } }, scope } }),
  });
  const { token } = (await response.json()) as { token: { catalog: { type: string; endpoints: { interface: string; url: string }[] }[] } };
  const image = token.catalog.find(({ type }) => type === 'image')?.endpoints.find((endpoint) => endpoint.interface === 'public')?.url;
  if (image === undefined) throw new Error('The cloud has no public image service.');
  return { image: image.replace(/\/(?:v2\/?)?$/, ''), token: response.headers.get('x-subject-token') ?? '' };
}

interface Listed {
  id: string;
  name: string | null;
}

async function listAll({ image, token }: Cloud): Promise<Listed[]> {
  const found: Listed[] = [];
  let next: string | undefined = '/v2/images?limit=1000';
  while (next !== undefined) {
    const response = await fetch(`${image}${next}`, { headers: { 'x-auth-token': token } });
    const page = (await response.json()) as { images: Listed[]; next?: string };
    found.push(...page.images);
    next = page.next;
  }
  return found;
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(Array.from({ length: parallel }, async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  }));
}

async function send({ image, token }: Cloud, method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<void> {
  const response = await fetch(`${image}/v2/images${path}`, {
    method, headers: { 'x-auth-token': token, 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} was answered with ${String(response.status)}: ${await response.text()}`);
}

const seed = (cloud: Cloud, count: number): Promise<void> => inParallel(Array.from({ length: count }, (_, index) => index), (index) => send(cloud, 'POST', '', {
  name: `${prefix}${String(index).padStart(5, '0')}`, disk_format: 'qcow2', container_format: 'bare', hw_firmware_type: 'uefi', hw_video_model: 'virtio', os_type: 'linux',
  os_distro: 'ubuntu', os_admin_user: 'root',
}));

const removeSeeds = async (cloud: Cloud): Promise<void> => inParallel((await listAll(cloud)).filter(({ name }) => name?.startsWith(prefix) === true), ({ id }) => send(cloud, 'DELETE', `/${id}`));

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** @returns milliseconds; null where the client is not installed */
function clientList(): Promise<number | null> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn('openstack', ['image', 'list', '--long', '-f', 'json'], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', () => resolve(null));
    child.on('exit', (code) => (code === 0 ? resolve(performance.now() - startedAt) : reject(new Error(`openstack image list ended with ${String(code)}`))));
  });
}

/** @param count images to make; with few of them nothing is judged */
export async function benchGlance(count: number): Promise<void> {
  const cloud = await signIn();
  const app = await createInventoryApp([openStackConnectorFactory({ clock: systemClock, environment: process.env })]);
  try {
    await removeSeeds(cloud);
    await seed(cloud, count);
    const settings = {
      authUrl: variable('OS_AUTH_URL'), username: variable('OS_USERNAME'), userDomain: domain('OS_USER_DOMAIN_NAME').name, project: variable('OS_PROJECT_NAME'),
      projectDomain: domain('OS_PROJECT_DOMAIN_NAME').name, ...(variable('OS_REGION_NAME') === '' ? {} : { region: variable('OS_REGION_NAME') }),
    };
    const { id } = await app.service.add({ kind: 'openstack', name: 'Cloud', settings, secrets: { password: variable('OS_PASSWORD') } }, new AbortController().signal);
    const sync = async (kind: 'complete' | 'quick'): Promise<void> => {
      const result = await app.syncs.sync(id, kind);
      if (result.status !== 'ok' || result.kind !== kind) throw new Error(`A sync went wrong: ${JSON.stringify(result)} ${JSON.stringify((await app.service.show(id)).health.error)}`);
    };
    await sync('complete');
    const pager: number[] = [];
    const first: number[] = [];
    const quick: number[] = [];
    // In turns, so that a slow minute of the machine slows all of them.
    for (let run = 0; run < runs; run += 1) {
      pager.push(await timed(() => listAll(cloud)));
      await Promise.all([app.images.removePlatform(id), app.vms.removePlatform(id), app.lists.removePlatform(id)]);
      first.push(await timed(() => sync('complete')));
      quick.push(await timed(() => sync('quick')));
    }
    const client = await clientList();
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
    const ratio = (value: number, to: number, goal: number): string => `${(value / to).toFixed(2)} (goal ${String(goal)})${count < 3000 ? '' : value / to <= goal ? '  met' : '  MISSED'}`;
    console.log(`real image service, ${String((await app.images.counts()).get(id) ?? 0)} images, medians of ${String(runs)}`);
    console.log(`bare pager                    ${seconds(median(pager))}`);
    console.log(`our sync from nothing         ${seconds(median(first))}  ${ratio(median(first), median(pager), 1.15)} of the pager`);
    console.log(`quick pass, nothing changed   ${seconds(median(quick))}  ${ratio(median(quick), median(first), 0.5)} of the first`);
    if (client === null) console.log('openstack image list --long   not installed');
    else console.log(`openstack image list --long   ${seconds(client)}  ${ratio(median(first), client, 0.3)} of it is our sync`);
  } finally {
    await app.dispose();
    await removeSeeds(cloud);
  }
}
