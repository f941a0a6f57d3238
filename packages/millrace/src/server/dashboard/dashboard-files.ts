import { readdir, readFile } from 'node:fs/promises';

// Put there by the build of @millrace/dashboard. The same way up from `src` and from `dist`.
const folder = new URL('../../../dist/dashboard/', import.meta.url);

const types: { readonly [extension: string]: string } = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Best first. */
const encodings = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;

export interface DashboardFile {
  readonly type: string;
  readonly plain: Buffer;
  /** Its packed forms, best first. */
  readonly packed: readonly { readonly encoding: string; readonly content: Buffer }[];
}

/** The files of the dashboard by name. */
export async function readDashboard(): Promise<ReadonlyMap<string, DashboardFile>> {
  const names = await readdir(folder);
  const read = (name: string): Promise<Buffer> => readFile(new URL(name, folder));
  const files = new Map<string, DashboardFile>();
  for (const name of names) {
    const type = types[name.slice(name.lastIndexOf('.') + 1)];
    if (type === undefined) continue;
    const packed = encodings
      .filter(({ suffix }) => names.includes(name + suffix))
      .map(async ({ name: encoding, suffix }) => ({
        encoding,
        content: await read(name + suffix),
      }));
    files.set(name, { type, plain: await read(name), packed: await Promise.all(packed) });
  }
  return files;
}
