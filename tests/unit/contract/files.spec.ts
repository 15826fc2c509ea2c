import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileGrants } from '../../../src/main/contract/file-grants.ts';
import type { CallContext } from '../../../src/main/contract/handler.ts';
import { filesHandlers } from '../../../src/main/contract/handlers/files.handlers.ts';
import type { FileGrantId } from '../../../src/shared/model/ids.ts';

const ctx = { signal: new AbortController().signal } as CallContext;

describe('the host-side picker', () => {
  let directory: string;
  const grants = new FileGrants();
  const files = filesHandlers({ grants, dataDirectory: '/data' });

  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'picker-')));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('lists directories first and gives each entry a grant for its path', async () => {
    mkdirSync(join(directory, 'zz 镜像'));
    writeFileSync(join(directory, 'disk10.qcow2'), 'x');
    writeFileSync(join(directory, 'disk2.qcow2'), 'xy');
    writeFileSync(join(directory, '.hidden'), '');
    symlinkSync(join(directory, 'nowhere'), join(directory, 'dangling'));
    const listed = await files['files.browse']({ path: directory, purpose: 'open' }, ctx);
    expect(listed.entries.map((entry) => entry.name)).toEqual(['zz 镜像', 'disk2.qcow2', 'disk10.qcow2']);
    expect(listed.entries[1]).toMatchObject({ kind: 'file', sizeBytes: 2 });
    expect(grants.resolve(listed.entries[0]?.grantId as FileGrantId)).toBe(join(directory, 'zz 镜像'));
    expect(grants.resolve(listed.self.grantId)).toBe(directory);
    expect(listed.places.map((place) => place.path)).toContain('/data');
  });

  it('shows only directories where a directory is wanted', async () => {
    mkdirSync(join(directory, 'pool'));
    writeFileSync(join(directory, 'file'), '');
    const listed = await files['files.browse']({ path: directory, purpose: 'directory' }, ctx);
    expect(listed.entries.map((entry) => entry.name)).toEqual(['pool']);
  });

  it.each([
    ['relative/path', 'FILE_PATH_NOT_ABSOLUTE'],
    ['/tmp/\0', 'FILE_PATH_NOT_ABSOLUTE'],
    ['/no/such/directory', 'FILE_NOT_THERE'],
    ['/etc/hostname', 'FILE_NOT_A_DIRECTORY'],
  ])('says what is wrong with %j', async (path, code) => {
    await expect(files['files.browse']({ path, purpose: 'open' }, ctx)).rejects.toMatchObject({ code });
  });

  it('grants a new file inside a chosen directory, under a name that stays there', async () => {
    const self = grants.issue(directory);
    const { path } = await files['files.grantNew']({ directory: self, name: '新 image.vhd' }, ctx);
    expect(path).toBe(join(directory, '新 image.vhd'));
    for (const name of ['..', '.', '../x', 'a\\b', 'a/b', 'a\nb', '  ']) {
      await expect(files['files.grantNew']({ directory: self, name }, ctx)).rejects.toMatchObject({ code: 'FILE_NAME_INVALID' });
    }
  });

  it('knows no grant that it did not give', async () => {
    await expect(files['files.grantNew']({ directory: 'grant-made-up' as FileGrantId, name: 'x' }, ctx)).rejects.toMatchObject({ code: 'FILE_GRANT_UNKNOWN' });
  });
});
