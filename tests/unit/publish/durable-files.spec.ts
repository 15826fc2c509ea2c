/** Placing a file: never over another one, and recognised at every half after a crash. */
import { linkSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isPlaced, placeFile, removeIfEmpty, replaceFile } from '../../../src/main/workflows/publish/durable-files.ts';

function scene() {
  const directory = mkdtempSync(join(tmpdir(), 'goldpress-place-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [temporary, final] = [join(directory, '.goldpress-run.part'), join(directory, 'Win-v1.qcow2')];
  writeFileSync(temporary, 'image');
  return { directory, temporary, final };
}

describe('placeFile', () => {
  it('gives the file its name', async () => {
    const { directory, temporary, final } = scene();
    expect(await isPlaced(temporary, final, 5)).toBe(false);
    await placeFile(temporary, final);
    expect(readdirSync(directory)).toEqual(['Win-v1.qcow2']);
    expect(await isPlaced(temporary, final, 5)).toBe(true);
  });

  it('does not overwrite', async () => {
    const { temporary, final } = scene();
    writeFileSync(final, 'other');
    await expect(placeFile(temporary, final)).rejects.toMatchObject({ code: 'PUBLISH_FILE_APPEARED' });
    expect([readFileSync(final, 'utf8'), readFileSync(temporary, 'utf8')]).toEqual(['other', 'image']);
    expect(await isPlaced(temporary, final, 5)).toBe(false);
  });

  it.each([
    ['linked, the temporary name still there', (temporary: string, final: string) => linkSync(temporary, final)],
    ['reserved only', (_temporary: string, final: string) => writeFileSync(final, '')],
    ['all done', (temporary: string, final: string) => {
      linkSync(temporary, final);
      rmSync(temporary);
    }],
  ])('goes on after a crash: %s', async (_what, crash) => {
    const { directory, temporary, final } = scene();
    crash(temporary, final);
    expect(await isPlaced(temporary, final, 5)).toBe(true);
    await placeFile(temporary, final);
    expect(readdirSync(directory)).toEqual(['Win-v1.qcow2']);
    expect(readFileSync(final, 'utf8')).toBe('image');
  });

  it('reserves the name where the file system has no hard links (FAT, exFAT)', async () => {
    const noLinks = (): Promise<void> => Promise.reject(Object.assign(new Error('operation not permitted'), { code: 'EPERM' }));
    const { directory, temporary, final } = scene();
    await placeFile(temporary, final, noLinks);
    expect(readdirSync(directory)).toEqual(['Win-v1.qcow2']);
    expect(readFileSync(final, 'utf8')).toBe('image');
    writeFileSync(temporary, 'second');
    await expect(placeFile(temporary, final, noLinks)).rejects.toMatchObject({ code: 'PUBLISH_FILE_APPEARED' });
    expect(readFileSync(final, 'utf8')).toBe('image');
  });

  it('takes a file of another size for another file once the temporary one is gone', async () => {
    const { temporary, final } = scene();
    rmSync(temporary);
    writeFileSync(final, 'longer than it was');
    expect(await isPlaced(temporary, final, 5)).toBe(false);
  });
});

describe('small files and folders', () => {
  it('are replaced whole, and leave nothing beside them', async () => {
    const { directory, temporary } = scene();
    rmSync(temporary);
    await replaceFile(join(directory, 'a.json'), 'one', 'run-1');
    await replaceFile(join(directory, 'a.json'), 'two', 'run-1');
    expect(readdirSync(directory)).toEqual(['a.json']);
    expect(readFileSync(join(directory, 'a.json'), 'utf8')).toBe('two');
  });

  it('are removed only when empty', async () => {
    const { directory, temporary } = scene();
    expect(await removeIfEmpty(directory)).toBe(false);
    rmSync(temporary);
    expect(await removeIfEmpty(directory)).toBe(true);
    expect(await removeIfEmpty(directory)).toBe(true);
  });
});
