/**
 * The one file that opens something outside the app: a browser for the browser shell, the file manager for a file. Programs'
 * arguments can be read by every user of a machine, so an address with a token goes through a file that only its owner can read.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import open from 'open';
import { newUuid } from '../clock.ts';

/** The browser has read it long before. */
const redirectFileLifeMs = 60_000;

/** Whether a window could appear here at all, as far as the environment tells. */
export function hasDisplay(env: NodeJS.ProcessEnv = process.env, platform = process.platform): boolean {
  if (platform === 'darwin' || platform === 'win32') return true;
  return Boolean(env['DISPLAY'] ?? env['WAYLAND_DISPLAY'] ?? env['WSL_DISTRO_NAME']);
}

/** Whether the person wants a browser opened: not in scripts, not when told so. */
export function mayOpenBrowser(env: NodeJS.ProcessEnv = process.env): boolean {
  return hasDisplay(env) && !env['CI'] && !env['GOLDPRESS_NO_OPEN'];
}

const escapeHtml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/**
 * Opens an address of this machine in the default browser.
 * @param directory where the redirect file lies for a minute; only its owner can read it
 * @returns what removes the redirect file at once
 */
export async function openInBrowser(url: string, directory: string): Promise<() => void> {
  const file = join(directory, `open-${newUuid()}.html`);
  writeFileSync(
    file,
    `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url=${escapeHtml(url)}"><title>Goldpress</title><a href="${escapeHtml(url)}">Goldpress</a>\n`,
    { mode: 0o600, flag: 'wx' },
  );
  const remove = (): void => rmSync(file, { force: true });
  setTimeout(remove, redirectFileLifeMs).unref();
  const child = await open(pathToFileURL(file).href);
  // No browser to be had: the address has been printed, which is all that can be done.
  child.on('error', remove);
  return remove;
}

/** Shows the directory of a file in the file manager. */
export async function revealInFileManager(path: string): Promise<void> {
  const child = await open(dirname(path));
  child.unref();
}
