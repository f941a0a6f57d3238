import { diskObjects } from '../adapters/objects/disk-objects.ts';
import { MillraceError } from '../errors.ts';
import type { ObjectStore } from '../ports/object-store.ts';

export interface ArchiveSettings {
  /** A folder, or `s3://BUCKET/PREFIX`; empty for none. */
  readonly archive: string;
  readonly archiveSeconds: number;
  /** Of an S3 server other than Amazon's; empty for Amazon's. */
  readonly s3Endpoint: string;
}

export interface Archive {
  readonly objects: ObjectStore;
  /** How long events wait for it at most, in ms. */
  readonly waitMsMax: number;
}

const s3Place = /^s3:\/\/([^/]+)(?:\/(.*))?$/;

/**
 * Where the archive is kept; null where there is to be none.
 *
 * @throws MillraceError `config_invalid`.
 */
export async function openArchive(settings: ArchiveSettings): Promise<Archive | null> {
  if (settings.archive === '') return null;
  return {
    objects: await openObjects(settings),
    waitMsMax: settings.archiveSeconds * 1_000,
  };
}

async function openObjects({ archive, s3Endpoint }: ArchiveSettings): Promise<ObjectStore> {
  const [, bucket, path = ''] = s3Place.exec(archive) ?? [];
  if (bucket !== undefined) {
    // It takes a while to load, which those without need not wait for.
    const { s3Objects } = await import('../adapters/objects/s3-objects.ts');
    const prefix = path === '' || path.endsWith('/') ? path : `${path}/`;
    return s3Objects({ bucket, prefix, ...(s3Endpoint === '' ? {} : { endpoint: s3Endpoint }) });
  }
  if (/^\w+:\/\//.test(archive)) {
    throw new MillraceError(
      'config_invalid',
      `--archive takes a folder, or s3://BUCKET/PREFIX, not ${archive}.`,
    );
  }
  return diskObjects(archive);
}
