/** What disk threads load before they can work: every conversion starts one a processor, so a stray import is paid for each time. */
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
/** Type imports cost nothing, and dynamic ones only when they are reached. */
const staticImport = /^(?:import|export) (?!type )(?:[^;]*? from )?'([^']+)';/gm;

/** Every module that is loaded with the entry: files relative to the checkout, and packages by name. */
function loadedWith(entry: string, seen = new Set<string>()): Set<string> {
  seen.add(entry);
  for (const [, name = ''] of readFileSync(resolve(root, entry), 'utf8').matchAll(staticImport)) {
    const target = name.startsWith('.') ? relative(root, resolve(root, dirname(entry), name)).replaceAll('\\', '/') : name;
    if (seen.has(target)) continue;
    if (name.startsWith('.')) loadedWith(target, seen);
    else seen.add(target);
  }
  return seen;
}

describe.each(['src/main/disks/mover-worker.ts', 'src/main/disks/lead-worker.ts'])('%s', (entry) => {
  const loaded = [...loadedWith(entry)];

  it('loads neither sentences nor schemas nor inspection', () => {
    expect(loaded).toContain('src/main/disks/qcow2/reader.ts');
    expect(loaded.filter((name) => /\/(messages|inspect|contract)\/|model\/(app-error|message|disk)\.ts/.test(name))).toEqual([]);
  });

  it('loads one package: the hash of the fast identity', () => {
    expect(loaded.filter((name) => !name.startsWith('src/') && !name.startsWith('node:'))).toEqual(['hash-wasm/dist/xxhash128.umd.min.js']);
  });
});
