/** The description of a new volume, as libvirt takes it. */
import { DOMImplementation } from '@xmldom/xmldom';
import { appendChild, serializeXml } from '../domain-xml/xml.ts';

export interface NewVolume {
  name: string;
  format: 'qcow2' | 'raw' | 'vpc';
  virtualBytes: number;
}

export function volumeXml({ name, format, virtualBytes }: NewVolume): string {
  const document = new DOMImplementation().createDocument(null, 'volume', null);
  const root = document.documentElement;
  if (root === null) throw new Error('a new document without a root');
  appendChild(root, 'name').textContent = name;
  const capacity = appendChild(root, 'capacity');
  capacity.setAttribute('unit', 'bytes');
  capacity.textContent = String(virtualBytes);
  const target = appendChild(root, 'target');
  appendChild(target, 'format').setAttribute('type', format);
  return serializeXml(document);
}
