/** Follows a path inside a volume, symbolic links included, never leaving the volume. */
import { WalkStopped, type VolumeNode } from './volume.ts';

const maxLinks = 16;
const maxParts = 64;
const maxTargetBytes = 4096;

/**
 * The node at an absolute path, or null where there is none. Links are followed as the running system would, with the
 * volume's root as `/`; `..` above the root stays at the root.
 */
export async function findPath(root: VolumeNode, path: string): Promise<VolumeNode | null> {
  const pending = path.split('/').reverse();
  const trail: VolumeNode[] = [root];
  let links = 0;
  let steps = 0;
  while (pending.length > 0) {
    const part = pending.pop() ?? '';
    steps += 1;
    if (steps > maxParts * maxLinks || pending.length > maxParts * maxLinks) throw new WalkStopped('limit', 'a path with too many parts');
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (trail.length > 1) trail.pop();
      continue;
    }
    const next = await (trail.at(-1) ?? root).child(part);
    if (next === null) return null;
    if (next.kind === 'link') {
      links += 1;
      if (links > maxLinks || next.lengthBytes > maxTargetBytes) throw new WalkStopped('limit', 'too many links');
      const target = (await next.read(0, next.lengthBytes)).toString();
      if (target.startsWith('/')) trail.length = 1;
      pending.push(...target.split('/').reverse());
    } else {
      trail.push(next);
    }
  }
  return trail.at(-1) ?? root;
}

/** The first bytes of the file at a path; null where there is no such file. */
export async function readFileStart(root: VolumeNode, path: string, maxBytes: number): Promise<Buffer | null> {
  const node = await findPath(root, path);
  if (node === null || node.kind !== 'file') return null;
  return node.read(0, Math.min(node.lengthBytes, maxBytes));
}
