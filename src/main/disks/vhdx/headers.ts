/**
 * The first megabyte of a VHDX file: which of the two headers counts, and where its regions lie. Layout: Microsoft's [MS-VHDX].
 * Everything is bounded here, before anything is read or allocated for it.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { readU64Le } from '../little-endian.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { crc32c } from './crc32c.ts';

export const vhdxSignature = Buffer.from('vhdxfile', 'latin1');
export const mebibyte = 1024 ** 2;

const headerBytes = 4096;
const headerOffsets = [64 * 1024, 128 * 1024] as const;
const regionTableBytes = 64 * 1024;
const regionTableOffsets = [192 * 1024, 256 * 1024] as const;
const maxRegions = 2047;

const batRegion = '2dc27766f62342009d64115e9bfd4a08';
const metadataRegion = '8b7ca20647904b9ab8fe575f050f886e';

export interface VhdxHeader {
  sequence: number;
  /** All zero = the log holds nothing to replay. */
  logGuid: Buffer;
  logOffset: number;
  logBytes: number;
}

export interface Region {
  name: string;
  offset: number;
  length: number;
}

export interface VhdxRegions {
  bat: Region;
  metadata: Region;
}

/** The valid header with the higher sequence number. One damaged copy is normal (a header being written when the power went). */
export async function readVhdxHeader(source: BlockSource, signal?: AbortSignal): Promise<VhdxHeader> {
  const path = source.label;
  requireBytes(source, mebibyte);
  const copies = await source.read(headerOffsets.map((offset) => ({ offset, length: headerBytes })), signal);
  const valid = copies.filter((bytes) => bytes.toString('latin1', 0, 4) === 'head' && bytes.readUInt32LE(4) === crc32c(bytes, 4) && bytes.readUInt16LE(66) === 1);
  const [first, second] = valid;
  if (first === undefined) throw new CodedError('DISK_PART_DAMAGED', { path, part: 'header' });
  if (second !== undefined && sequenceOf(first) === sequenceOf(second) && !first.subarray(8).equals(second.subarray(8))) {
    throw new CodedError('DISK_COPIES_DISAGREE', { path, part: 'header' });
  }
  return parseHeader(source, second !== undefined && sequenceOf(second) > sequenceOf(first) ? second : first);
}

/** Sequence numbers above 2^53 never come about by writing; they compare as equal, and then the copies must be equal too. */
function sequenceOf(bytes: Buffer): number {
  return readU64Le(bytes, 8);
}

function parseHeader(source: BlockSource, bytes: Buffer): VhdxHeader {
  const path = source.label;
  const header = { sequence: sequenceOf(bytes), logGuid: bytes.subarray(48, 64), logOffset: readU64Le(bytes, 72), logBytes: bytes.readUInt32LE(68) };
  if (bytes.readUInt16LE(64) !== 0) throw new CodedError('DISK_REQUIRED_UNKNOWN', { path, feature: `log version ${bytes.readUInt16LE(64)}` });
  if (hasLog(header)) requirePlace(source, { name: 'log', offset: header.logOffset, length: header.logBytes });
  return header;
}

export function hasLog(header: VhdxHeader): boolean {
  return header.logGuid.some((byte) => byte !== 0);
}

/** @param source with the log replayed already: an unfinished change may reach the table. */
export async function readVhdxRegions(source: BlockSource, header: VhdxHeader, signal?: AbortSignal): Promise<VhdxRegions> {
  const path = source.label;
  const copies = await source.read(regionTableOffsets.map((offset) => ({ offset, length: regionTableBytes })), signal);
  const valid = copies.filter((bytes) => bytes.toString('latin1', 0, 4) === 'regi' && bytes.readUInt32LE(4) === crc32c(bytes, 4));
  const [first, second] = valid;
  if (first === undefined) throw new CodedError('DISK_PART_DAMAGED', { path, part: 'region table' });
  if (second !== undefined && !first.equals(second)) throw new CodedError('DISK_COPIES_DISAGREE', { path, part: 'region table' });
  return parseRegions(source, header, first);
}

function parseRegions(source: BlockSource, header: VhdxHeader, bytes: Buffer): VhdxRegions {
  const path = source.label;
  const count = bytes.readUInt32LE(8);
  if (count > maxRegions) throw new CodedError('DISK_HEADER_FIELD', { path, field: 'region count', value: String(count) });
  const found = new Map<string, Region>();
  const places: Region[] = header.logBytes === 0 ? [] : [{ name: 'log', offset: header.logOffset, length: header.logBytes }];
  for (let at = 16; at < 16 + count * 32; at += 32) {
    const guid = guidAt(bytes, at);
    const name = guid === batRegion ? 'BAT' : guid === metadataRegion ? 'metadata' : guid;
    const isRequired = (bytes.readUInt32LE(at + 28) & 1) !== 0;
    if (name === guid && isRequired) throw new CodedError('DISK_REQUIRED_UNKNOWN', { path, feature: `region ${guid}` });
    if (found.has(guid)) throw new CodedError('DISK_TABLE_OVERLAP', { path, table: name, position: readU64Le(bytes, at + 16) });
    const region = { name, offset: readU64Le(bytes, at + 16), length: bytes.readUInt32LE(at + 24) };
    requirePlace(source, region);
    found.set(guid, region);
    places.push(region);
  }
  requireApart(path, places);
  const bat = found.get(batRegion);
  const metadata = found.get(metadataRegion);
  if (bat === undefined || metadata === undefined) throw new CodedError('DISK_PART_DAMAGED', { path, part: 'region table' });
  return { bat, metadata };
}

/** Regions and the log lie on whole megabytes, behind the first one, inside the file. */
function requirePlace(source: BlockSource, { name, offset, length }: Region): void {
  const isAligned = offset % mebibyte === 0 && length % mebibyte === 0 && length > 0;
  if (!isAligned || offset < mebibyte || offset + length > source.sizeBytes) {
    throw new CodedError('DISK_TABLE_OUTSIDE', { path: source.label, table: name, position: offset });
  }
}

function requireApart(path: string, regions: Region[]): void {
  regions.sort((a, b) => a.offset - b.offset);
  regions.forEach((region, index) => {
    const before = regions[index - 1];
    if (before !== undefined && before.offset + before.length > region.offset) {
      throw new CodedError('DISK_TABLE_OVERLAP', { path, table: region.name, position: region.offset });
    }
  });
}

function requireBytes(source: BlockSource, length: number): void {
  if (source.sizeBytes < length) throw new CodedError('DISK_TRUNCATED', { path: source.label, position: source.sizeBytes });
}

/** A GUID in the order people write it, without dashes: its first three fields are stored little-endian. */
export function guidAt(bytes: Buffer, at: number): string {
  const hex = (from: number, to: number): string => Buffer.from(bytes.subarray(at + from, at + to)).reverse().toString('hex');
  return hex(0, 4) + hex(4, 6) + hex(6, 8) + bytes.toString('hex', at + 8, at + 16);
}
