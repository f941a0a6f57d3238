import { createHash } from 'node:crypto';

export const idBytesMax = 128;

/** The id of an event that is known by `name`: itself, or its hash if it is too long for one. */
export function idOfName(name: string): string {
  if (Buffer.byteLength(name) <= idBytesMax) return name;
  return `sha256:${createHash('sha256').update(name).digest('hex')}`;
}
