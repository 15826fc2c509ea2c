/**
 * The snapshots of a VM, as kept in its own definition (`<metadata><goldpress:snapshots>`). They lie there and not in a file beside it
 * because one rename of the definition then switches the disks and records the snapshot in the same instant: neither can be lost
 * without the other, and libvirt keeps foreign metadata as it is.
 */
import type { Element } from '@xmldom/xmldom';
import type { VmSnapshot } from '../../../shared/model/source-vm.ts';
import type { Domain } from '../domain-xml/domain-xml.ts';
import { appendChild, attribute, child, children, ensureChild, removeElement } from '../domain-xml/xml.ts';

export const snapshotNamespace = 'urn:goldpress:snapshots:1';

/** One disk of a snapshot: the file that holds its frozen state. */
export interface SnapshotDisk {
  /** Key of the disk in the VM (`vda`). */
  key: string;
  /** As the definition wrote it. */
  file: string;
  format: 'qcow2' | 'raw';
  /** Permission bits before the file was made read-only. */
  mode: number;
  /** Stamp of the overlay right after it was made: equal as long as the VM has written nothing since. */
  overlayStamp: string | null;
}

export interface SnapshotEntry {
  id: string;
  name: string;
  createdAt: number;
  parentId: string | null;
  /** Hardware at that time; a revert brings it back, because a disk and its firmware belong together. */
  hardware: { vcpus: number | null; memoryBytes: number | null; bootMode: string; videoModel: string | null };
  disks: SnapshotDisk[];
}

export interface SnapshotTree {
  /** The snapshot that the VM's disks stand on now; null before the first. */
  currentId: string | null;
  entries: SnapshotEntry[];
}

export const noSnapshots: SnapshotTree = { currentId: null, entries: [] };

/** Entries that are not complete are left out: what they miss cannot be reverted to. */
export function readSnapshots(root: Element): SnapshotTree {
  const element = treeElement(root);
  if (element === undefined) return noSnapshots;
  const entries = children(element, 'snapshot').flatMap((snapshot): SnapshotEntry[] => {
    const id = attribute(snapshot, 'id');
    if (id === null) return [];
    const number = (name: string): number | null => {
      const value = Number(attribute(snapshot, name) ?? NaN);
      return Number.isSafeInteger(value) && value > 0 ? value : null;
    };
    return [{
      id,
      name: attribute(snapshot, 'name') ?? id,
      createdAt: number('createdAt') ?? 0,
      parentId: attribute(snapshot, 'parent'),
      hardware: {
        vcpus: number('vcpus'), memoryBytes: number('memoryBytes'), bootMode: attribute(snapshot, 'bootMode') ?? 'unknown', videoModel: attribute(snapshot, 'videoModel'),
      },
      disks: children(snapshot, 'disk').flatMap((disk): SnapshotDisk[] => {
        const key = attribute(disk, 'key');
        const file = attribute(disk, 'file');
        if (key === null || file === null) return [];
        return [{ key, file, format: attribute(disk, 'format') === 'raw' ? 'raw' : 'qcow2', mode: Number.parseInt(attribute(disk, 'mode') ?? '644', 8) & 0o777, overlayStamp: attribute(disk, 'overlay') }];
      }),
    }];
  });
  return { currentId: attribute(element, 'current'), entries };
}

/** Replaces the whole element; an empty tree removes it, and the metadata with it where nothing else is there. */
export function writeSnapshots(domain: Domain, tree: SnapshotTree): void {
  removeElement(treeElement(domain.root));
  if (tree.entries.length === 0) {
    const metadata = child(domain.root, 'metadata');
    if (metadata !== undefined && (metadata.textContent ?? '').trim() === '' && metadata.children.length === 0) removeElement(metadata);
    return;
  }
  const set = (element: Element, values: Record<string, string | number | null>): void => {
    for (const [name, value] of Object.entries(values)) if (value !== null) element.setAttribute(name, String(value));
  };
  const element = appendChild(ensureChild(domain.root, 'metadata'), 'goldpress:snapshots', snapshotNamespace);
  set(element, { current: tree.currentId });
  for (const entry of tree.entries) {
    const snapshot = appendChild(element, 'goldpress:snapshot', snapshotNamespace);
    set(snapshot, { id: entry.id, name: entry.name, createdAt: entry.createdAt, parent: entry.parentId, ...entry.hardware });
    for (const disk of entry.disks) {
      set(appendChild(snapshot, 'goldpress:disk', snapshotNamespace), { key: disk.key, file: disk.file, format: disk.format, mode: disk.mode.toString(8), overlay: disk.overlayStamp });
    }
  }
}

/** As rows of the VM. */
export function toVmSnapshots(tree: SnapshotTree): VmSnapshot[] {
  return tree.entries.map((entry) => ({
    id: entry.id,
    name: entry.name,
    createdAt: entry.createdAt === 0 ? null : entry.createdAt,
    parentId: entry.parentId,
    isCurrent: entry.id === tree.currentId,
  }));
}

function treeElement(root: Element): Element | undefined {
  const metadata = child(root, 'metadata');
  return metadata === undefined ? undefined : children(metadata, 'snapshots').find((element) => element.namespaceURI === snapshotNamespace);
}
