/** A snapshot as libvirt describes it: its name, its parent, and the whole definition of the domain at that time. */
import type { Element } from '@xmldom/xmldom';
import { attribute, child, children, descend, parseXml, serializeXml, textOf } from '../domain-xml/xml.ts';
import { parseDomain, type Domain } from '../domain-xml/domain-xml.ts';
import { XMLSerializer } from '@xmldom/xmldom';

export interface HostSnapshot {
  name: string;
  /** Epoch milliseconds; 0 where it is not said. */
  createdAt: number;
  parent: string | null;
  description: string | null;
  /** Inside the disks: their files hold all states at once, and only libvirt can go back. */
  isInternal: boolean;
  /** The domain as it was; null where libvirt no longer knows it. */
  domain: Domain | null;
  domainText: string | null;
  /** The overlays that were made over the frozen files, by target device. */
  overlays: Map<string, string>;
  text: string;
}

/** Snapshots carry a whole domain in a text of its own limit. @throws `LIBRARY_DEFINITION_BROKEN` */
export function parseSnapshot(text: string, label: string): HostSnapshot {
  const { root } = parseXml(text, label);
  const disks = children(child(root, 'disks') ?? root, 'disk');
  const element = child(root, 'domain');
  const domainText = element === undefined ? null : serialize(element);
  const seconds = Number(textOf(child(root, 'creationTime')) ?? NaN);
  return {
    name: child(root, 'name')?.textContent ?? label,
    createdAt: Number.isSafeInteger(seconds) && seconds > 0 ? seconds * 1000 : 0,
    parent: textOf(descend(root, 'parent', 'name')),
    description: textOf(child(root, 'description')),
    isInternal: disks.some((disk) => attribute(disk, 'snapshot') === 'internal') || attribute(child(root, 'memory'), 'snapshot') === 'internal',
    domain: domainText === null ? null : parseDomain(domainText, label),
    domainText,
    overlays: new Map(disks.flatMap((disk) => {
      const key = attribute(disk, 'name');
      const file = attribute(child(disk, 'source'), 'file');
      return key === null || file === null ? [] : [[key, file] as const];
    })),
    text,
  };
}

/** The same snapshot with disks of its domain in other files. */
export function snapshotPointedAt(text: string, label: string, disks: readonly { key: string; path: string; format: 'qcow2' | 'raw' }[]): string {
  const { document, root } = parseXml(text, label);
  const devices = descend(root, 'domain', 'devices');
  for (const element of devices === undefined ? [] : children(devices, 'disk')) {
    const wanted = disks.find((disk) => disk.key === attribute(child(element, 'target'), 'dev'));
    if (wanted === undefined) continue;
    child(element, 'source')?.setAttribute('file', wanted.path);
    child(element, 'driver')?.setAttribute('type', wanted.format);
  }
  return serializeXml(document);
}

function serialize(element: Element): string {
  return `${new XMLSerializer().serializeToString(element)}\n`;
}
