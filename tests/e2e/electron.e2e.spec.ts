/** The same journey in the real Electron, wherever its binary is installed and a display can be had. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, test } from '@playwright/test';
import { publishByClone } from './support/journeys.ts';

const root = join(import.meta.dirname, '..', '..');
const electron = join(root, 'node_modules', 'electron');

/** Electron's package names its program in `path.txt` once the program was fetched. */
function electronProgram(): string | null {
  const named = join(electron, 'path.txt');
  if (!existsSync(named)) return null;
  const program = join(electron, 'dist', readFileSync(named, 'utf8').trim());
  return existsSync(program) ? program : null;
}

const program = electronProgram();
const hasDisplay = process.platform !== 'linux' || process.env['DISPLAY'] !== undefined || process.env['WAYLAND_DISPLAY'] !== undefined;

test('the window opens and publishes by clone', async () => {
  test.skip(program === null, 'Electron’s program is not installed');
  test.skip(!hasDisplay, 'no display');
  const dataDirectory = await mkdtemp(join(tmpdir(), 'goldpress-electron-'));
  const app = await _electron.launch({ executablePath: program ?? '', args: [root, '--data-dir', dataDirectory] });
  try {
    await publishByClone(await app.firstWindow());
  } finally {
    await app.close();
    await rm(dataDirectory, { recursive: true, force: true });
  }
});
