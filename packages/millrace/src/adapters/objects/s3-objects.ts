import {
  DeleteObjectCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { MillraceError } from '../../errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

export interface S3Options {
  readonly bucket: string;
  /** What all names begin with: empty, or ending with `/`. */
  readonly prefix: string;
  /** Of a server other than Amazon's; its buckets are then named in the path. */
  readonly endpoint?: string;
  /** A request fails after so long (ms) in which nothing went either way. */
  readonly silentMsMax?: number;
}

const insufficientStorage = 507;
/** A quota that is used up: of MinIO, and of Ceph. */
const quotas: ReadonlySet<string> = new Set(['XMinioAdminBucketQuotaExceeded', 'QuotaExceeded']);
const connectionTimeoutMs = 5_000;
const preconditionFailed = 412;
/** Another create of the same name was under way: then it is not known which won. */
const conflict = 409;

/**
 * Objects in a bucket of S3, or of a server that speaks as S3 does, conditional
 * writes included. Keys and region come as Amazon's own tools take them:
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export function s3Objects(options: S3Options): ObjectStore {
  const { bucket, prefix, endpoint, silentMsMax = 20_000 } = options;
  // It tells whoever runs a Node that its later versions will not do with. This one is pinned.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const client = new S3Client({
    // Others than Amazon do not know what came later.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // A large object over a slow link may take long, as long as something of it comes.
    requestHandler: { connectionTimeout: connectionTimeoutMs, socketTimeout: silentMsMax },
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(process.env.AWS_REGION === undefined && endpoint !== undefined
      ? { region: 'us-east-1' }
      : {}),
  });
  const keyOf = (name: string): string => `${prefix}${name}`;
  const answered = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (cause) {
      const code = isFull(cause) ? 'archive_full' : 'archive_unavailable';
      throw new MillraceError(code, `${what}: ${reasonOf(cause)}`, { cause });
    }
  };
  return {
    create: (name, bytes) =>
      answered(`${name} cannot be written to ${bucket}`, async () => {
        for (;;) {
          try {
            const put = { Bucket: bucket, Key: keyOf(name), Body: bytes, IfNoneMatch: '*' };
            await client.send(new PutObjectCommand(put));
            return true;
          } catch (error) {
            if (statusOf(error) === preconditionFailed) return false;
            if (statusOf(error) !== conflict) throw error;
          }
        }
      }),
    read: (name) =>
      answered(`${name} cannot be read from ${bucket}`, async () => {
        try {
          const found = await client.send(
            new GetObjectCommand({ Bucket: bucket, Key: keyOf(name) }),
          );
          return (await found.Body?.transformToByteArray()) ?? null;
        } catch (error) {
          if (error instanceof NoSuchKey) return null;
          throw error;
        }
      }),
    list: (under) =>
      answered(`${under} cannot be listed in ${bucket}`, async () => {
        const names: string[] = [];
        const pages = paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: keyOf(under) });
        for await (const { Contents = [] } of pages) {
          names.push(...Contents.flatMap(({ Key }) => (Key ? [Key.slice(prefix.length)] : [])));
        }
        return names;
      }),
    remove: (name) =>
      answered(`${name} cannot be removed from ${bucket}`, async () => {
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: keyOf(name) }));
      }),
  };
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;

/** Others than these say no more than that something went wrong. */
const isFull = (error: unknown): boolean =>
  statusOf(error) === insufficientStorage ||
  (error instanceof S3ServiceException && quotas.has(error.name));

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
