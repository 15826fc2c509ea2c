/**
 * Reading and writing XML that somebody else wrote. Owns the limits (size, no document type, no entities) and the small walk over
 * elements; knows nothing of domains or OVF. What is not understood stays in the document as it was.
 */
import { DOMParser, XMLSerializer, type Document, type Element } from '@xmldom/xmldom';
import { AppError } from '../../../shared/model/app-error.ts';

/** Parsing is synchronous and takes about 0.4 ms per KiB at worst: a larger file would stall the process. */
export const maxDefinitionBytes = 128 * 1024;

/**
 * Parses a definition file.
 * @param label the file, for messages
 * @throws `LIBRARY_DEFINITION_BROKEN` for what is not well-formed, too large, or declares a document type (entities can be made to
 * grow without bound or to read other files)
 */
export function parseXml(text: string, label: string): { document: Document; root: Element } {
  const broken = (problem: string, cause?: unknown): AppError =>
    new AppError('LIBRARY_DEFINITION_BROKEN', { file: label, problem }, cause === undefined ? {} : { cause });
  if (text.length > maxDefinitionBytes) throw new AppError('LIBRARY_DEFINITION_TOO_LARGE', { file: label, limitBytes: maxDefinitionBytes });
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw broken('DOCTYPE');
  const content = text.startsWith('\uFEFF') ? text.slice(1) : text;
  let document: Document;
  try {
    document = parserOf({ hasLines: false }).parseFromString(content, 'text/xml');
  } catch (error) {
    // The parser's words are English and quote the file: the reader gets the place, the log gets the words.
    throw broken(placeOf(content), error);
  }
  const root = document.documentElement;
  if (root === null) throw broken('XML');
  return { document, root };
}

/** Counting lines costs time, so it is done only to say where a file is broken. */
function parserOf({ hasLines }: { hasLines: boolean }, onLine: (line: number) => void = () => undefined): DOMParser {
  return new DOMParser({
    locator: hasLines,
    onError: (_level, problem, context: { locator?: { lineNumber?: number } } | undefined) => {
      onLine(context?.locator?.lineNumber ?? 0);
      throw new Error(problem);
    },
  });
}

/** `XML:12`: the line in which the text stops being XML. */
function placeOf(content: string): string {
  let found = 0;
  try {
    parserOf({ hasLines: true }, (line) => (found = line)).parseFromString(content, 'text/xml');
  } catch {
    // It is known to fail; only the place is wanted.
  }
  return found > 0 ? `XML:${String(found)}` : 'XML';
}

/** The document as text; its declaration, comments and white space as they were, attribute quotes unified. */
export function serializeXml(document: Document): string {
  const text = new XMLSerializer().serializeToString(document);
  return text.endsWith('\n') ? text : `${text}\n`;
}

/** Child elements with a local name, whatever their prefix. */
export function children(parent: Element, name: string): Element[] {
  const found: Element[] = [];
  for (let node = parent.firstChild; node !== null; node = node.nextSibling) {
    if (isElement(node) && localName(node) === name) found.push(node);
  }
  return found;
}

export function child(parent: Element | undefined, name: string): Element | undefined {
  return parent === undefined ? undefined : children(parent, name)[0];
}

/** The element at a path of child names. */
export function descend(parent: Element, ...names: string[]): Element | undefined {
  let element: Element | undefined = parent;
  for (const name of names) element = child(element, name);
  return element;
}

/** Trimmed text, null where there is none. */
export function textOf(element: Element | undefined): string | null {
  const text = element?.textContent?.trim() ?? '';
  return text === '' ? null : text;
}

/** An attribute by its local name (`ovf:id` and `id` alike); null where absent or empty. */
export function attribute(element: Element | undefined, name: string): string | null {
  if (element === undefined) return null;
  for (let index = 0; index < element.attributes.length; index += 1) {
    const item = element.attributes.item(index);
    if (item !== null && (item.localName ?? item.name) === name && item.value !== '') return item.value;
  }
  return null;
}

export function localName(element: Element): string {
  return element.localName ?? element.tagName;
}

export function isElement(node: { nodeType: number }): node is Element {
  return node.nodeType === 1;
}

/** The child with this name, made at the end of its parent where it is missing. */
export function ensureChild(parent: Element, name: string): Element {
  return child(parent, name) ?? appendChild(parent, name);
}

/** Adds an element after the others, indented like them. */
export function appendChild(parent: Element, name: string, namespace: string | null = null): Element {
  const document = parent.ownerDocument;
  if (document === null) throw new Error('an element without a document');
  const element = namespace === null ? document.createElement(name) : document.createElementNS(namespace, name);
  const depth = depthOf(parent);
  const last = parent.lastChild;
  if (last !== null && last.nodeType === 3 && (last.nodeValue ?? '').trim() === '') parent.removeChild(last);
  parent.appendChild(document.createTextNode(`\n${'  '.repeat(depth + 1)}`));
  parent.appendChild(element);
  parent.appendChild(document.createTextNode(`\n${'  '.repeat(depth)}`));
  return element;
}

/** Removes an element together with the white space before it. */
export function removeElement(element: Element | undefined): void {
  const parent = element?.parentNode;
  if (element === undefined || parent === null || parent === undefined) return;
  const before = element.previousSibling;
  if (before !== null && before.nodeType === 3 && (before.nodeValue ?? '').trim() === '') parent.removeChild(before);
  parent.removeChild(element);
}

function depthOf(element: Element): number {
  let depth = 0;
  for (let node = element.parentNode; node !== null && isElement(node); node = node.parentNode) depth += 1;
  return depth;
}
