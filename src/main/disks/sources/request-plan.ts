/** Which requests a set of reads becomes: near ones are put together, large ones cut, so that a remote place is asked few times. */

export interface PlannedRead {
  offset: number;
  target: Buffer;
}

/** One request: contiguous bytes of the source, and where parts of them belong. */
export interface PlannedRequest {
  offset: number;
  length: number;
  reads: PlannedRead[];
}

export interface RequestLimits {
  /** Bytes between two reads that are rather fetched and thrown away than asked around. */
  gapBytes: number;
  /** Of one request. */
  maxBytes: number;
}

/** Every byte of every read belongs to exactly one request. */
export function planRequests(reads: readonly PlannedRead[], { gapBytes, maxBytes }: RequestLimits): PlannedRequest[] {
  const cut = reads.flatMap(({ offset, target }) => {
    const parts: PlannedRead[] = [];
    for (let at = 0; at < target.length; at += maxBytes) parts.push({ offset: offset + at, target: target.subarray(at, at + maxBytes) });
    return parts;
  });
  cut.sort((a, b) => a.offset - b.offset);
  const requests: PlannedRequest[] = [];
  for (const read of cut) {
    const last = requests.at(-1);
    const end = read.offset + read.target.length;
    if (last !== undefined && read.offset <= last.offset + last.length + gapBytes && end - last.offset <= maxBytes) {
      last.length = Math.max(last.length, end - last.offset);
      last.reads.push(read);
    } else {
      requests.push({ offset: read.offset, length: read.target.length, reads: [read] });
    }
  }
  return requests;
}

/** Where the answer goes: straight to where it belongs when that is one place, else into memory of its own, to be distributed. */
export function memoryOf({ reads, length }: PlannedRequest): Buffer {
  const [only, other] = reads;
  return only !== undefined && other === undefined ? only.target : Buffer.allocUnsafeSlow(length);
}

/** Copies a request's bytes to where they belong. */
export function distribute(request: PlannedRequest, bytes: Buffer): void {
  for (const { offset, target } of request.reads) if (target !== bytes) bytes.copy(target, 0, offset - request.offset, offset - request.offset + target.length);
}
