/**
 * The files of the page, for every shell that shows it: found with a containment check, sent with the headers that the page
 * must always have. Nothing outside the renderer's directory is ever read.
 */
import { readFile, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

/** The page may load only itself and talk only to its own server. The same words stand in index.html. */
export const contentSecurityPolicy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'", "connect-src 'self'",
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
].join('; ');

export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Files of the build carry a hash of their content in their name: what a browser has of them stays right. */
const hashedFile = /^\/assets\/[^/]+-[\w-]{8}\.\w+$/;

/** For a file of the page; empty for what may change under its name, which is never kept. */
export function cacheHeader(urlPath: string): Record<string, string> {
  return hashedFile.test(urlPath) ? { 'cache-control': 'private, max-age=31536000, immutable' } : {};
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};

export interface PageFile {
  content: Uint8Array<ArrayBuffer>;
  type: string;
}

/**
 * Reads a file of the page.
 * @param root the renderer's directory
 * @param urlPath the path of the address, still percent-encoded; a path without a file extension is a route of the page
 * @returns null where there is no such file, also for every path that leads outside
 */
export async function readPageFile(root: string, urlPath: string): Promise<PageFile | null> {
  let path: string;
  try {
    path = decodeURIComponent(urlPath);
  } catch {
    // A percent sign that encodes nothing: no file has such a name.
    return null;
  }
  if (!path.startsWith('/') || path.includes('\0') || path.includes('\\') || path.split('/').includes('..')) return null;
  const name = extname(path) === '' ? '/index.html' : path;
  const type = types[extname(name)];
  if (type === undefined) return null;
  try {
    const realRoot = await realpath(root);
    // A link inside the directory may not lead out of it either.
    const real = await realpath(join(realRoot, name));
    if (!real.startsWith(realRoot + sep)) return null;
    return { content: new Uint8Array(await readFile(real)), type };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'ENAMETOOLONG') return null;
    throw error;
  }
}
