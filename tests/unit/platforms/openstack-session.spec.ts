import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/main/clock.ts';
import { OpenStackConnector } from '../../../src/main/platforms/openstack/openstack-connector.ts';
import { openStackSettings } from '../../../src/main/platforms/openstack/settings.ts';
import { all, never, openStackFixture, type OpenStackFixture } from '../../fixtures/openstack.ts';
import { simulatorCredential, simulatorUser } from '../../simulators/openstack/openstack-simulator.ts';

describe('signing in to OpenStack', () => {
  let fixture: OpenStackFixture;
  let folder: string;
  beforeEach(async () => {
    fixture = await openStackFixture();
    folder = await mkdtemp(join(tmpdir(), 'goldpress-openstack-'));
  });
  afterEach(async () => {
    await fixture.dispose();
    await rm(folder, { recursive: true });
  });

  const signIns = (): number => fixture.simulator.seen.filter((line) => line === 'POST /identity/v3/auth/tokens').length;

  async function withCloudsYaml(text: string, secure?: string): Promise<OpenStackConnector> {
    const cloudsYaml = join(folder, 'clouds.yaml');
    await writeFile(cloudsYaml, text);
    if (secure !== undefined) await writeFile(join(folder, 'secure.yaml'), secure);
    return new OpenStackConnector(openStackSettings.parse({ cloudsYaml, cloud: 'site' }), {}, { clock: systemClock, environment: {} });
  }

  it('signs in once for many requests at once, and gives the token back', async () => {
    const { connector, simulator } = fixture;
    await Promise.all([all(connector.inventory.sourceVms(never)), all(connector.inventory.images(never)), all(connector.inventory.projects(never))]);
    expect(signIns()).toBe(1);
    expect(simulator.liveTokens).toBe(1);
    await connector.dispose();
    expect(simulator.liveTokens).toBe(0);
  });

  it('signs in again, once, when the token ends in the middle of a listing', async () => {
    const { connector, simulator } = fixture;
    for (let index = 0; index < 250; index += 1) simulator.data.addServer({ name: `vm ${index}` });
    let isFirst = true;
    const seen: string[] = [];
    for await (const page of connector.inventory.sourceVms(never)) {
      seen.push(...page.map((vm) => vm.externalId));
      if (isFirst) simulator.expireTokens();
      isFirst = false;
    }
    expect(new Set(seen).size).toBe(250);
    expect(signIns()).toBe(2);
  });

  it('does not try a refused sign-in again and again', async () => {
    const connector = new OpenStackConnector(openStackSettings.parse(fixture.simulator.settings), { password: 'wrong' }, { clock: systemClock, environment: {} });
    await expect(all(connector.inventory.images(never))).rejects.toMatchObject({ code: 'PLATFORM_AUTH_FAILED' });
    expect(signIns()).toBe(1);
    const { steps } = await connector.probe(never);
    expect(steps).toMatchObject([{ outcome: 'failed', detail: { code: 'PLATFORM_AUTH_FAILED' } }]);
    expect(JSON.stringify(steps)).not.toContain('wrong');
  });

  it('takes an application credential', async () => {
    const { authUrl } = fixture.simulator.settings;
    const settings = openStackSettings.parse({ authUrl, authMethod: 'application-credential', applicationCredentialId: simulatorCredential.applicationCredentialId });
    const connector = new OpenStackConnector(settings, { applicationCredentialSecret: simulatorCredential.secret }, { clock: systemClock, environment: {} });
    expect((await connector.probe(never)).steps.map(({ outcome }) => outcome)).not.toContain('failed');
    await connector.dispose();
  });

  it('reads clouds.yaml, with the secrets of secure.yaml laid over it', async () => {
    const { authUrl } = fixture.simulator.settings;
    const connector = await withCloudsYaml(
      `clouds:\n  site:\n    auth: {auth_url: '${authUrl}', username: ${simulatorUser.username}, project_name: admin, user_domain_name: Default}\n    region_name: RegionOne\n    interface: internal\n`,
      `clouds:\n  site:\n    auth:\n      password: ${simulatorUser.password}\n`,
    );
    expect((await connector.probe(never)).steps.map(({ outcome }) => outcome)).not.toContain('failed');
    await connector.dispose();
  });

  it('refuses a clouds.yaml that turns certificate checking off, and one that is broken, without quoting it', async () => {
    const off = await withCloudsYaml('clouds: {site: {auth: {auth_url: "https://cloud", password: hunter2}, verify: false}}');
    expect((await off.probe(never)).steps).toMatchObject([{ outcome: 'failed', detail: { code: 'OPENSTACK_VERIFY_OFF' } }]);
    const broken = await withCloudsYaml('clouds: {site: {auth: {password: hunter2}, password: hunter2');
    const { steps } = await broken.probe(never);
    expect(steps).toMatchObject([{ outcome: 'failed', detail: { code: 'OPENSTACK_CLOUDS_UNREADABLE' } }]);
    expect(JSON.stringify(steps)).not.toContain('hunter2');
  });

  it('asks for a region where there are several, and takes addresses without versions', async () => {
    const { simulator, again } = fixture;
    simulator.isUnversioned = true;
    expect((await again().probe(never)).steps.map(({ outcome }) => outcome)).not.toContain('failed');
    simulator.regions = ['RegionOne', 'RegionTwo'];
    expect((await again().probe(never)).steps.at(-1)).toMatchObject({ outcome: 'failed', detail: { code: 'OPENSTACK_REGION_NEEDED' } });
    expect((await again({ region: 'RegionTwo' }).probe(never)).steps.map(({ outcome }) => outcome)).not.toContain('failed');
  });

  it('speaks the version of an old cloud', async () => {
    const { simulator, again } = fixture;
    simulator.nova.newest = '2.10';
    simulator.data.addServer({ name: 'old' });
    expect(await all(again().inventory.sourceVms(never))).toMatchObject([{ name: 'old', vcpus: 1, memoryBytes: 512 * 1024 ** 2 }]);
    simulator.nova.newest = '';
    expect(await all(again().inventory.sourceVms(never))).toMatchObject([{ name: 'old', vcpus: 1 }]);
  });

  it('takes fields that were left empty for fields that were not filled in', () => {
    const empty = Object.fromEntries(Object.keys(openStackSettings.shape).map((key) => [key, '']));
    expect(openStackSettings.parse({ ...empty, authUrl: ' https://cloud:5000 ', project: null, imageTimeoutMinutes: '45' })).toEqual({ authUrl: 'https://cloud:5000', imageTimeoutMinutes: 45 });
  });

  it.each([
    [{ authUrl: 'http://user:secret@cloud:5000' }], [{ authUrl: 'ftp://cloud' }], [{}], [{ cloudsYaml: '/clouds.yaml' }], [{ authUrl: 'http://cloud', tlsPin: 'abc' }],
    [{ authUrl: 'http://cloud', proxy: 'http://user:secret@proxy' }],
  ])('refuses the settings %j', (settings) => {
    expect(openStackSettings.safeParse(settings).success).toBe(false);
  });
});
