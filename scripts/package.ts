/**
 * `npm run package:dir`: packs the app into `dist/` with electron-builder. Where Electron's program can neither be found nor
 * downloaded, the configuration is checked as far as it goes without it: the app is packed over an empty program and the contents
 * of the archive are asserted; fuses cannot be read back then, and the last line says so.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listPackage } from '@electron/asar';
import { build, Platform } from 'electron-builder';
import configuration from '../build/electron-builder.config.ts';

const root = join(import.meta.dirname, '..');
const electronPackage = join(root, 'node_modules', 'electron');
const dist = join(root, 'dist');

/** The program as Electron's own package keeps it; its installer is asked first. */
function findElectron(): string | null {
  spawnSync(process.execPath, [join(electronPackage, 'install.js')], { stdio: 'ignore', timeout: 90_000 });
  const directory = join(electronPackage, 'dist');
  return existsSync(join(directory, 'version')) ? directory : null;
}

/** A folder that looks like an unpacked Electron to the packer and cannot be run. */
function emptyElectron(): string {
  const directory = mkdtempSync(join(tmpdir(), 'goldpress-no-electron-'));
  mkdirSync(join(directory, 'resources'));
  for (const name of ['electron', 'LICENSE', 'LICENSES.chromium.html', 'version']) writeFileSync(join(directory, name), '');
  chmodSync(join(directory, 'electron'), 0o755);
  return directory;
}

/** What must and must not be in the archive. */
function checkArchive(archive: string): string[] {
  const files = listPackage(archive, { isPack: false });
  const problems: string[] = [];
  for (const wanted of ['/out/main/index.js', '/out/main/disk-worker.js', '/out/main/store-worker.js', '/out/preload/index.cjs', '/out/renderer/index.html', '/package.json', '/node_modules/better-sqlite3/package.json']) {
    if (!files.includes(wanted)) problems.push(`${wanted} is missing`);
  }
  for (const unwanted of [/^\/node_modules\/node-(linux|darwin|win|bin)-/, /^\/src\//, /^\/tests\//, /^\/node_modules\/electron\//, /^\/node_modules\/vite\//]) {
    const found = files.find((file) => unwanted.test(file));
    if (found !== undefined) problems.push(`${found} must not be packed`);
  }
  return problems;
}

const electron = findElectron();
const electronDist = electron ?? emptyElectron();
rmSync(dist, { recursive: true, force: true });
const { afterPack, ...withoutFuses } = configuration;
await build({
  targets: Platform.current().createTarget('dir'),
  config: { ...withoutFuses, ...(electron === null ? {} : { afterPack }), electronDist },
});
const unpacked = join(dist, process.platform === 'linux' ? 'linux-unpacked' : process.platform === 'win32' ? 'win-unpacked' : 'mac');
const problems = process.platform === 'darwin' ? [] : checkArchive(join(unpacked, 'resources', 'app.asar'));
if (electron === null) rmSync(electronDist, { recursive: true, force: true });
for (const problem of problems) console.error(`packaging: ${problem}`);
if (problems.length > 0) process.exit(1);
console.log(
  electron === null
    ? 'Packaging configuration is valid and the archive holds what it should. Electron could not be fetched, so the app was not made runnable and its fuses were not read back.'
    : `Packed into ${unpacked}.`,
);
