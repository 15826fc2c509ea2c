/** Authenticated encryption of small values: AES-256-GCM with a fresh nonce each time, bound to a purpose. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

export interface SealedBox {
  nonce: Uint8Array;
  ciphertext: Uint8Array;
  tag: Uint8Array;
}

/**
 * @param purpose what the value is and whom it belongs to: opening it for another purpose fails, so that a ciphertext moved to
 * another row is noticed. As a list, because joined words could be cut in two ways.
 */
export function seal(key: Uint8Array, value: Uint8Array, purpose: readonly string[]): SealedBox {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(JSON.stringify(purpose)));
  const ciphertext = Buffer.concat([cipher.update(value), cipher.final()]);
  return { nonce, ciphertext, tag: cipher.getAuthTag() };
}

/** Null when the key or the purpose is another, or a bit was changed: these cannot be told apart. */
export function unseal(key: Uint8Array, { nonce, ciphertext, tag }: SealedBox, purpose: readonly string[]): Buffer | null {
  if (key.length !== keyBytes || nonce.length !== nonceBytes || tag.length !== tagBytes) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(JSON.stringify(purpose)));
  decipher.setAuthTag(tag);
  const start = decipher.update(ciphertext);
  try {
    return Buffer.concat([start, decipher.final()]);
  } catch {
    // The one thing `final` throws for: the tag does not fit. What was decrypted so far is worthless and goes.
    start.fill(0);
    return null;
  }
}

/** A box as one piece of bytes: nonce, tag, ciphertext. */
export function packBox({ nonce, ciphertext, tag }: SealedBox): Uint8Array {
  return Buffer.concat([nonce, tag, ciphertext]);
}

export function unpackBox(bytes: Uint8Array): SealedBox {
  return {
    nonce: bytes.subarray(0, nonceBytes),
    tag: bytes.subarray(nonceBytes, nonceBytes + tagBytes),
    ciphertext: bytes.subarray(nonceBytes + tagBytes),
  };
}
