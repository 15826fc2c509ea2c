/** Headers of requests on the local socket. */
export const hostKeyHeader = 'x-goldpress-host-key';
/** Tells the clients of one host apart, so that each cancels only its own calls. */
export const sessionHeader = 'x-goldpress-session';
/** `window` for calls that a page makes through its process: it may not name paths. */
export const sessionKindHeader = 'x-goldpress-session-kind';
