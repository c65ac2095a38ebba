import { createHash } from 'node:crypto';

const HASH_BYTES = 6;

/** When within a span the run of a tenant begins: always at the same moment of it, and those of many tenants all over it. */
export function jitterOf(task: string, tenantId: string, spanMs: number): number {
  const hash = createHash('sha256')
    .update(JSON.stringify([task, tenantId]))
    .digest();
  return Math.floor((hash.readUIntBE(0, HASH_BYTES) / 2 ** (8 * HASH_BYTES)) * spanMs);
}
