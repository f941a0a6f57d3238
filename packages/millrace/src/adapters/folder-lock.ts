import { unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { MillraceError } from '../errors.ts';

export interface FolderLock {
  release(): Promise<void>;
}

/** The kernel's bound on a socket's path, less its terminating NUL. */
const pathBytesMax = 103;

/**
 * Holds a folder for this process, until it lets go or ends, however it ends:
 * a socket in the folder, which nobody answers at once its process is gone.
 *
 * @throws MillraceError `data_folder_in_use` while another process holds it,
 *   `config_invalid` where the folder's path is too long for a socket.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, 'lock');
  if (Buffer.byteLength(path) > pathBytesMax) {
    throw new MillraceError('config_invalid', `The path ${folder} is too long for a lock in it.`);
  }
  let server = await listening(path);
  if (server === null) {
    if (await answers(path)) throw inUse(folder);
    // Left by a process that ended without letting go.
    await unlink(path);
    server = await listening(path);
  }
  if (server === null) throw inUse(folder);
  const held = server;
  return { release: () => new Promise((resolve) => held.close(() => resolve())) };
}

const inUse = (folder: string): MillraceError =>
  new MillraceError('data_folder_in_use', `Another process has ${folder} open.`);

/** Null if there is such a socket already. */
const listening = (path: string): Promise<Server | null> =>
  new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    // Holding a folder is no reason to go on.
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(path, () => resolve(server));
  });

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const connection = connect(path, () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
