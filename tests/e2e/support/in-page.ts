/**
 * Looks at a page the way a careful reader does. The checks run inside the page, so they are programs in text: this project's
 * tests are not compiled for the DOM.
 */
import type { Page } from '@playwright/test';

/**
 * Every piece of visible text that is cut off sideways or from below and cannot be scrolled to. Text with an ellipsis is fine
 * where a `title` (its own or a parent's) says the whole.
 */
const clippedTexts = `(() => {
  const found = new Set();
  const hidden = (element) => !element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const clips = (value) => value === 'hidden' || value === 'clip';
  const isTitled = (element) => element.closest('[title]') !== null;
  const name = (element) => element.tagName.toLowerCase() + (typeof element.className === 'string' && element.className !== '' ? '.' + element.className.trim().split(/\\s+/).join('.') : '');
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const text = node.data.trim();
    const parent = node.parentElement;
    if (text === '' || parent === null || hidden(parent) || ['SCRIPT', 'STYLE', 'OPTION'].includes(parent.tagName)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0);
    if (rects.length === 0) continue;
    const box = {
      left: Math.min(...rects.map(({ left }) => left)), right: Math.max(...rects.map(({ right }) => right)),
      top: Math.min(...rects.map(({ top }) => top)), bottom: Math.max(...rects.map(({ bottom }) => bottom)),
    };
    let isSidewaysFree = false;
    let isDownFree = false;
    let isFixed = false;
    let skipUntil = null;
    for (let element = parent; element !== null && element !== document.documentElement; element = element.parentElement) {
      const style = getComputedStyle(element);
      // Words for screen readers only.
      if (style.clipPath.startsWith('inset(50%')) { isSidewaysFree = isDownFree = true; break; }
      if (skipUntil !== null && element !== skipUntil) continue;
      skipUntil = null;
      const rect = element.getBoundingClientRect();
      if (['auto', 'scroll'].includes(style.overflowX)) isSidewaysFree = true;
      if (['auto', 'scroll'].includes(style.overflowY)) isDownFree = true;
      const isEllipsis = style.textOverflow === 'ellipsis' && clips(style.overflowX);
      if (!isSidewaysFree && clips(style.overflowX) && style.display !== 'inline' && (box.right > rect.right + 1 || box.left < rect.left - 1)) {
        if (!isEllipsis) found.add('sideways: “' + text.slice(0, 60) + '” by ' + name(element));
        else if (!isTitled(parent)) found.add('ellipsis without title: “' + text.slice(0, 60) + '” in ' + name(element));
        isSidewaysFree = true;
      }
      if (isEllipsis) isSidewaysFree = true;
      if (!isDownFree && clips(style.overflowY) && style.display !== 'inline' && element !== document.body && (box.bottom > rect.bottom + 4 || box.top < rect.top - 4)) {
        found.add('from below: “' + text.slice(0, 60) + '” by ' + name(element));
        isDownFree = true;
      }
      if (style.position === 'fixed') { isFixed = true; break; }
      if (style.position === 'absolute') skipUntil = element.offsetParent;
    }
    if (!isSidewaysFree && (box.right > innerWidth + 1 || box.left < -1)) found.add('outside the window: “' + text.slice(0, 60) + '” in ' + name(parent) + (isFixed ? ' (fixed)' : ''));
  }
  return [...found];
})()`;

/** Everything that a person or a screen reader is told: text, and the attributes that are read out or shown. */
const tellings = `(() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (node.data.trim() !== '' && !['SCRIPT', 'STYLE'].includes(node.parentElement.tagName) && node.parentElement.closest('pre, code') === null) found.push(node.data.trim());
  }
  for (const element of document.body.querySelectorAll('[aria-label], [title], [placeholder], [alt]')) {
    for (const attribute of ['aria-label', 'title', 'placeholder', 'alt']) {
      const value = element.getAttribute(attribute);
      if (value !== null && value.trim() !== '') found.push(value.trim());
    }
  }
  found.push(document.title);
  return [...new Set(found)];
})()`;

export async function findClippedTexts(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(clippedTexts);
}

export async function readTellings(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(tellings);
}

/** Two frames after the last change of layout: what is measured then is what is seen. */
export async function painted(page: Page): Promise<void> {
  await page.evaluate('document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))');
}
