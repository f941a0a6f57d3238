import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockFolder } from './folder-lock.ts';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('a folder is one process’s until it lets go', async () => {
  const folder = newFolder();
  const lock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'data_folder_in_use' });
  await lock.release();
  await (await lockFolder(folder)).release();
});

test('a process that was killed holds nothing', async () => {
  const folder = newFolder();
  const holding = `require('node:net').createServer().listen(process.argv[1], () => console.log('held'))`;
  const child = spawn(process.execPath, ['-e', holding, join(folder, 'lock')]);
  await once(child.stdout, 'data');
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'data_folder_in_use' });
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(existsSync(join(folder, 'lock'))).toBe(true);
  await (await lockFolder(folder)).release();
});

test('a path that no socket can have is refused', async () => {
  const folder = join(newFolder(), 'x'.repeat(100));
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'config_invalid' });
});
