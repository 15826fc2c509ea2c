/** An OVA: a tar archive with a description (OVF) and the disks it speaks of. The disks are read where they lie, nothing is unpacked. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { WindowSource } from '../sources/window-source.ts';
import { checksumOf, type StatedChecksum } from './manifest.ts';
import { readTarEntries, type TarEntry } from './tar.ts';

/** Between the archive and its entry, in labels. */
const separator = ' › ';

/** Descriptions are a few tens of KiB. */
const maxTextBytes = 4 * 1024 ** 2;

/** Endings of the files that an OVA's disks have. Everything else in it is text, a manifest, a certificate, an ISO image or NVRAM. */
const diskEndings: ReadonlySet<string> = new Set(['vmdk', 'vhd', 'vhdx', 'qcow2', 'img', 'raw']);

export class Ova {
  readonly source: BlockSource;
  readonly entries: readonly TarEntry[];

  private constructor(source: BlockSource, entries: readonly TarEntry[]) {
    this.source = source;
    this.entries = entries;
  }

  static async open(source: BlockSource, signal?: AbortSignal): Promise<Ova> {
    return new Ova(source, await readTarEntries(source, signal));
  }

  get disks(): TarEntry[] {
    return this.entries.filter(({ name }) => diskEndings.has(ending(name)));
  }

  /**
   * The source of one disk: the one of that name, or the only one.
   * @throws `DISK_OVA_NO_DISK`, `DISK_OVA_SEVERAL`, `DISK_OVA_NO_MEMBER`
   */
  disk(name: string | null): WindowSource {
    const path = this.source.label;
    const { disks } = this;
    if (name !== null) return this.member(name);
    const [only, other] = disks;
    if (only === undefined) throw new CodedError('DISK_OVA_NO_DISK', { path });
    if (other !== undefined) throw new CodedError('DISK_OVA_SEVERAL', { path, names: disks.slice(0, 8).map((disk) => disk.name.slice(0, 80)).join(', ') });
    return this.member(only.name);
  }

  /** The name of the disk that `disk` gives for that choice. */
  nameOf(disk: WindowSource): string {
    return disk.label.slice(this.source.label.length + separator.length);
  }

  /** The bytes of an entry as a source; closing it closes the archive. */
  member(name: string): WindowSource {
    const entry = this.entries.find((candidate) => candidate.name === name);
    if (entry === undefined) throw new CodedError('DISK_OVA_NO_MEMBER', { path: this.source.label, name: name.slice(0, 200) });
    return new WindowSource(this.source, `${this.source.label}${separator}${entry.name}`, entry.offset, entry.sizeBytes);
  }

  /** The text of the OVF description, which is the first entry of that ending; null where there is none. */
  async description(signal?: AbortSignal): Promise<string | null> {
    return this.#text('ovf', signal);
  }

  /** The checksum that the manifest gives for an entry; null where there is no manifest, or it does not name the entry. */
  async checksum(name: string, signal?: AbortSignal): Promise<StatedChecksum | null> {
    const text = await this.#text('mf', signal);
    return text === null ? null : checksumOf(text, name);
  }

  async #text(kind: string, signal?: AbortSignal): Promise<string | null> {
    const entry = this.entries.find(({ name }) => ending(name) === kind);
    if (entry === undefined) return null;
    if (entry.sizeBytes > maxTextBytes) {
      throw new CodedError('DISK_OVA_TEXT_TOO_LARGE', { path: this.source.label, name: entry.name, limitBytes: maxTextBytes });
    }
    const [bytes] = await this.source.read([{ offset: entry.offset, length: entry.sizeBytes }], signal);
    return bytes?.toString('utf8') ?? null;
  }
}

function ending(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase();
}
