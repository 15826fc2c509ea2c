/**
 * Makes the app's icons from the one drawing, `src/renderer/assets/icon.svg`: PNG for Linux, ICO for Windows, ICNS for macOS. Run by hand
 * when the drawing changes; what it makes is committed. Both container formats take PNG pictures as they are, so no other tool is needed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findBrowser } from './find-browser.ts';

const root = join(import.meta.dirname, '..');
const drawing = readFileSync(join(root, 'src/renderer/assets/icon.svg'));

const sizes = [16, 24, 32, 48, 64, 128, 256, 512, 1024] as const;
type Size = (typeof sizes)[number];
const icoSizes: readonly Size[] = [16, 24, 32, 48, 64, 128, 256];
/** Type codes of ICNS by size; the second of a size is the double resolution of the smaller one. */
const icnsTypes: readonly (readonly [type: string, size: Size])[] = [
  ['ic11', 32], ['ic12', 64], ['ic07', 128], ['ic13', 256], ['ic08', 256], ['ic14', 512], ['ic09', 512], ['ic10', 1024],
];

async function render(): Promise<Map<Size, Buffer>> {
  const found = await findBrowser();
  if (found === null) throw new Error('No browser to draw with: install Chromium or Chrome.');
  const browser = await chromium.launch({ executablePath: found.executablePath, args: [...found.args] });
  try {
    const pictures = new Map<Size, Buffer>();
    const page = await browser.newPage();
    for (const size of sizes) {
      await page.setViewportSize({ width: size, height: size });
      await page.setContent(`<style>*{margin:0}img{display:block;width:100vw}</style><img src="data:image/svg+xml;base64,${drawing.toString('base64')}">`);
      await page.locator('img').evaluate('image => image.decode()');
      pictures.set(size, await page.screenshot({ omitBackground: true }));
    }
    return pictures;
  } finally {
    await browser.close();
  }
}

function pictureOf(pictures: Map<Size, Buffer>, size: Size): Buffer {
  const picture = pictures.get(size);
  if (picture === undefined) throw new Error(`There is no picture of ${String(size)} pixels.`);
  return picture;
}

/** A directory of 16-byte entries, then the pictures. A width of 256 is written as 0. */
function icoOf(pictures: Map<Size, Buffer>): Buffer {
  const header = Buffer.alloc(6 + 16 * icoSizes.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(icoSizes.length, 4);
  const bodies = icoSizes.map((size) => pictureOf(pictures, size));
  let offset = header.length;
  for (const [index, size] of icoSizes.entries()) {
    const at = 6 + 16 * index;
    const length = bodies[index]?.length ?? 0;
    header.writeUInt8(size % 256, at);
    header.writeUInt8(size % 256, at + 1);
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += length;
  }
  return Buffer.concat([header, ...bodies]);
}

/** A file of chunks: four letters, the length with this header, the picture. */
function icnsOf(pictures: Map<Size, Buffer>): Buffer {
  const chunk = (type: string, body: Buffer): Buffer => {
    const header = Buffer.from(`${type}\0\0\0\0`, 'latin1');
    header.writeUInt32BE(body.length + header.length, 4);
    return Buffer.concat([header, body]);
  };
  return chunk('icns', Buffer.concat(icnsTypes.map(([type, size]) => chunk(type, pictureOf(pictures, size)))));
}

const pictures = await render();
writeFileSync(join(root, 'build/icon.png'), pictureOf(pictures, 1024));
writeFileSync(join(root, 'build/icon.ico'), icoOf(pictures));
writeFileSync(join(root, 'build/icon.icns'), icnsOf(pictures));
