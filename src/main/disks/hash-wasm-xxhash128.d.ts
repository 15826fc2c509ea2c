/** The one algorithm of hash-wasm that the disk threads need; the package's main file loads all of them, which takes three times as long. */
declare module 'hash-wasm/dist/xxhash128.umd.min.js' {
  import type { createXXHash128 } from 'hash-wasm';

  const algorithm: { createXXHash128: typeof createXXHash128 };
  export default algorithm;
}
