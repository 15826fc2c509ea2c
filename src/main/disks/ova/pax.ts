/** The records of a pax extended header: `length key=value\n`, the length counting itself. */

/** Null where the bytes are no such records, or one key comes twice. */
export function readPax(bytes: Buffer): Map<string, string> | null {
  const values = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const digits = space === -1 ? '' : bytes.toString('latin1', at, space);
    if (!/^[1-9]\d{0,6}$/.test(digits)) return null;
    const end = at + Number(digits);
    if (end > bytes.length || bytes[end - 1] !== 0x0a || space >= end) return null;
    const record = bytes.toString('utf8', space + 1, end - 1);
    const equals = record.indexOf('=');
    const key = record.slice(0, equals);
    if (equals < 1 || values.has(key)) return null;
    values.set(key, record.slice(equals + 1));
    at = end;
  }
  return values;
}
