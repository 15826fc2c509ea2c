/** Pools: what a directory can take, the write-read-delete test, and the rules of adding and removing. Flavors' rules beside them. */
import { chmodSync, mkdtempSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/main/clock.ts';
import { EventBus } from '../../../src/main/events.ts';
import { builtInFlavors } from '../../../src/main/flavors/built-in-flavors.ts';
import { Flavors } from '../../../src/main/flavors/flavors.ts';
import { ImagePools } from '../../../src/main/image-pools/image-pools.ts';
import { noPlatformStores } from '../../../src/main/image-pools/platform-stores.ts';
import { directoryFacts } from '../../../src/main/image-pools/pool-facts.ts';
import { testDirectory } from '../../../src/main/image-pools/write-test.ts';
import { FlavorRepository } from '../../../src/main/store/repositories/flavor.repo.ts';
import { ImagePoolRepository } from '../../../src/main/store/repositories/image-pool.repo.ts';
import { BusinessAttributeRepository } from '../../../src/main/store/repositories/business-attribute.repo.ts';
import { noAttributes } from '../../../src/shared/model/business-attributes.ts';
import { openStore } from '../../../src/main/store/store.ts';
import { imagePool } from '../../../src/shared/model/image-pool.ts';
import type { FlavorFields } from '../../../src/shared/model/flavor.ts';
import type { PlatformId } from '../../../src/shared/model/ids.ts';

async function site() {
  const directory = mkdtempSync(join(tmpdir(), 'goldpress-pools-'));
  const store = await openStore(join(directory, 'data'), { log: pino({ enabled: false }), clock: systemClock });
  onTestFinished(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const events = new EventBus();
  return {
    directory, store,
    pools: new ImagePools({ stores: noPlatformStores, pools: new ImagePoolRepository(store.state), events, clock: systemClock }),
    flavors: new Flavors(new FlavorRepository(store.state), events),
  };
}

const isRoot = process.getuid?.() === 0;

describe('a directory', () => {
  it('tells its free space and that it can be written, and the test leaves nothing', async () => {
    const { directory } = await site();
    const path = join(directory, 'U 盘');
    mkdirSync(path);
    expect(await directoryFacts(path)).toMatchObject({ isWritable: true, problem: null });
    const { freeBytes, totalBytes } = await directoryFacts(path);
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes ?? 0);
    await testDirectory(path);
    expect(readdirSync(path)).toEqual([]);
  });

  it.each([
    ['is not there', (path: string) => path, 'POOL_NOT_THERE'],
    ['is a file', (path: string) => {
      writeFileSync(path, '');
      return path;
    }, 'POOL_NOT_A_DIRECTORY'],
    ['is below a file', (path: string) => {
      writeFileSync(path, '');
      return join(path, 'x');
    }, 'POOL_NOT_THERE'],
    ['is a link to nowhere', (path: string) => {
      symlinkSync(join(path, 'nowhere'), path);
      return path;
    }, /POOL_NOT_THERE|POOL_UNREADABLE/],
  ] as const)('that %s', async (_what, make, code) => {
    const { directory, pools } = await site();
    const path = make(join(directory, 'p'));
    expect((await directoryFacts(path)).problem?.code).toMatch(code);
    await expect(pools.add({ name: 'P', path, isSample: false })).rejects.toMatchObject({ code: expect.stringMatching(code) as string });
    expect(await pools.list()).toEqual([]);
  });

  it.skipIf(isRoot)('that cannot be written', async () => {
    const { directory, pools } = await site();
    const path = join(directory, 'p');
    mkdirSync(path);
    chmodSync(path, 0o500);
    expect(await directoryFacts(path)).toMatchObject({ isWritable: false, problem: null });
    await expect(pools.add({ name: 'P', path, isSample: false })).rejects.toMatchObject({ code: 'POOL_TEST_FAILED' });
  });
});

describe('image pools', () => {
  it('are added once by name and by directory, and forgotten without touching a file', async () => {
    const { directory, pools } = await site();
    for (const name of ['a', 'b']) mkdirSync(join(directory, name));
    writeFileSync(join(directory, 'a', 'keep.qcow2'), 'mine');
    const added = await pools.add({ name: 'NAS', path: join(directory, 'a'), isSample: false });
    expect(imagePool.parse(added)).toMatchObject({ name: 'NAS', desktopImageCount: 0, usedBytes: 0, isWritable: true });
    await expect(pools.add({ name: 'nas', path: join(directory, 'b'), isSample: false })).rejects.toMatchObject({ code: 'POOL_NAME_TAKEN' });
    await expect(pools.add({ name: 'Other', path: `${join(directory, 'a')}/`, isSample: false })).rejects.toMatchObject({ code: 'POOL_PATH_TAKEN' });
    await pools.remove(added.id);
    expect(await pools.list()).toEqual([]);
    expect(readdirSync(join(directory, 'a')).sort()).toEqual(['.goldpress-pool.json', 'keep.qcow2']);
    await expect(pools.remove(added.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('stay in the list when their disk is unplugged', async () => {
    const { directory, pools } = await site();
    mkdirSync(join(directory, 'usb'));
    await pools.add({ name: 'USB', path: join(directory, 'usb'), isSample: false });
    rmSync(join(directory, 'usb'), { recursive: true });
    expect(await pools.list()).toMatchObject([{ name: 'USB', isWritable: false, freeBytes: null, problem: { code: 'POOL_NOT_THERE' } }]);
  });
});

const marker = '.goldpress-pool.json';

describe('the marker of a pool', () => {
  it('tells its disk from the empty mount point that is left without it', async () => {
    const { directory, pools } = await site();
    const path = join(directory, 'usb');
    mkdirSync(path);
    const added = await pools.add({ name: 'USB', path, isSample: false });
    expect(added.problem).toBeNull();
    renameSync(path, join(directory, 'unplugged'));
    mkdirSync(path);
    expect(await pools.get(added.id)).toMatchObject({ isWritable: false, freeBytes: null, problem: { code: 'POOL_NOT_MOUNTED', params: { path, file: marker } } });
    rmSync(path, { recursive: true });
    renameSync(join(directory, 'unplugged'), path);
    expect((await pools.get(added.id)).problem).toBeNull();
  });

  it('tells another pool’s disk at the same place, and can be made again as the sentence says', async () => {
    const { directory, pools } = await site();
    const path = join(directory, 'usb');
    mkdirSync(path);
    const added = await pools.add({ name: 'USB', path, isSample: false });
    for (const text of ['{"poolId":"pool_other"}', '{"pool', '']) {
      writeFileSync(join(path, marker), text);
      expect((await pools.get(added.id)).problem?.code).toBe('POOL_NOT_MOUNTED');
    }
    writeFileSync(join(path, marker), String((await pools.get(added.id)).problem?.params['text']));
    expect((await pools.get(added.id)).problem).toBeNull();
  });

  it('is kept when the directory is added once more, here or by another Goldpress', async () => {
    const [first, second] = [await site(), await site()];
    const path = join(first.directory, 'nas');
    mkdirSync(path);
    const here = await first.pools.add({ name: 'NAS', path, isSample: false });
    const there = await second.pools.add({ name: 'NAS', path, isSample: false });
    for (const pool of [await first.pools.get(here.id), await second.pools.get(there.id)]) expect(pool.problem).toBeNull();
    await first.pools.remove(here.id);
    expect((await second.pools.get(there.id)).problem).toBeNull();
  });
});

const fields: FlavorFields = {
  name: 'Lab', architecture: 'voi', endpointModels: ['C106V'], vcpus: 2, memoryBytes: 4 * 1024 ** 3, systemDiskBytes: 60 * 1024 ** 3, dataDiskBytes: 0,
};

describe('flavors', () => {
  it('come with the built-in ones, however often it is started, and those cannot be changed', async () => {
    const { flavors } = await site();
    await flavors.start();
    await flavors.start();
    const all = await flavors.list();
    expect(all).toHaveLength(builtInFlavors.length);
    const [first] = all;
    await expect(flavors.update(first!.id, fields)).rejects.toMatchObject({ code: 'FLAVOR_BUILT_IN' });
    await expect(flavors.remove(first!.id)).rejects.toMatchObject({ code: 'FLAVOR_BUILT_IN' });
  });

  it('of one’s own can be added, changed and removed; a name is taken once', async () => {
    const { flavors } = await site();
    await flavors.start();
    const added = await flavors.add(fields);
    expect(added).toMatchObject({ ...fields, isBuiltIn: false, inUseCount: 0 });
    await expect(flavors.add({ ...fields, name: 'LAB' })).rejects.toMatchObject({ code: 'FLAVOR_NAME_TAKEN' });
    expect(await flavors.update(added.id, { ...fields, vcpus: 8 })).toMatchObject({ vcpus: 8 });
    await flavors.remove(added.id);
    await expect(flavors.get(added.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('of one’s own keep their name when a later version brings a built-in one of that name', async () => {
    const { flavors } = await site();
    await flavors.add({ ...fields, name: builtInFlavors[0]!.name });
    await flavors.start();
    expect((await flavors.list()).filter((flavor) => flavor.name.startsWith(builtInFlavors[0]!.name)).map((flavor) => flavor.isBuiltIn)).toEqual([true, false]);
  });
});

describe('what a person said about an operating system', () => {
  it('is kept by the platform’s own id, and can be taken back', async () => {
    const { store } = await site();
    const attributes = new BusinessAttributeRepository(store.state);
    const subject = { platformId: 'p' as PlatformId, kind: 'source-vm', externalId: 'a/金.xml' } as const;
    await attributes.set(subject, { ...noAttributes, osType: 'linux' }, '金', 1);
    await attributes.set(subject, { ...noAttributes, osType: 'windows', osDistro: 'win' }, '金', 2);
    expect(await attributes.find(subject)).toEqual({ ...noAttributes, osType: 'windows', osDistro: 'win' });
    expect([...(await attributes.ofPlatform(subject.platformId, 'source-vm')).keys()]).toEqual(['a/金.xml']);
    expect(await attributes.ofPlatform(subject.platformId, 'image')).toEqual(new Map());
    expect(await attributes.namesakes({ ...subject, externalId: 'b/new.xml' }, '金')).toEqual(['a/金.xml']);
    expect(await attributes.namesakes(subject, '金')).toEqual([]);
    await attributes.set(subject, noAttributes, '金', 3);
    expect(await attributes.find(subject)).toEqual(noAttributes);
  });
});
