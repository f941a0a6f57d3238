import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A file of the folder `shared/data` beside the repository. Its README says where it comes from. */
export function sharedData(name: string): string {
  const path = fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url));
  if (existsSync(path)) return path;
  throw new Error(`This test reads ${path}, which is not there.`);
}
