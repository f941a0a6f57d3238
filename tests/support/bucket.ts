import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { Seaweed } from '../../tools/stack/seaweed.ts';

/** Makes a bucket. This process has the keys to it, and so has what it starts from now on. */
export async function makeBucket(bucket: string, { addresses }: Seaweed): Promise<void> {
  const { s3: endpoint, accessKeyId, secretAccessKey } = addresses;
  process.env.AWS_ACCESS_KEY_ID = accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = secretAccessKey;
  const client = new S3Client({ endpoint, forcePathStyle: true, region: 'us-east-1' });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
}
