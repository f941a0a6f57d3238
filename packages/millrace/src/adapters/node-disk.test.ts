import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeDisk } from '../ports/disk.suite.ts';
import { nodeDisk } from './node-disk.ts';

describeDisk('the disk of this machine', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-disk-'));
  return { disk: nodeDisk, folder, remove: () => rm(folder, { recursive: true }) };
});
