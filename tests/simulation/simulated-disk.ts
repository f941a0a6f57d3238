import { basename, dirname, join } from 'node:path';
import type {
  Disk,
  DiskFile,
  ScratchFolder,
  SyncFile,
} from '../../packages/millrace/src/ports/disk.ts';
import type { Random } from '../support/random.ts';
import { type Fate, Fault } from './faults.ts';
import { apply, type Change, cutAnyhow, Inode } from './inode.ts';

export interface Operation {
  readonly name: keyof Disk | keyof DiskFile;
  readonly path: string;
  readonly bytes?: number;
}

export interface DiskUser {
  /** Decides after the time that the call takes. */
  fate(operation: Operation): Promise<Fate>;
  /** The same for files that are written and read at once: these calls do not crash. */
  fails(): boolean;
  freeBytes(): number;
}

type NameChange =
  | { readonly kind: 'set'; readonly name: string; readonly inode: Inode }
  | { readonly kind: 'unset'; readonly name: string }
  | { readonly kind: 'move'; readonly from: string; readonly to: string; readonly inode: Inode };

class Folder {
  /** As it is read, and as it is on the platter. */
  names = new Map<string, Inode>();
  durable = new Map<string, Inode>();
  pending: NameChange[] = [];
  isDurable = false;

  change(change: NameChange): void {
    this.pending.push(change);
    changeName(this.names, change);
  }
}

function changeName(names: Map<string, Inode>, change: NameChange): void {
  if (change.kind === 'unset') names.delete(change.name);
  else if (change.kind === 'set') names.set(change.name, change.inode);
  else {
    if (names.get(change.from) === change.inode) names.delete(change.from);
    names.set(change.to, change.inode);
  }
}

/**
 * A disk in memory that promises what `Disk` says and nothing beyond: until it
 * is synced, a power failure keeps any part of it, as the generator draws.
 */
export class SimulatedDisk {
  readonly #random: Random;
  #folders = new Map<string, Folder>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** The disk as one process sees it. */
  usedBy(user: DiskUser): Disk {
    const pass = (operation: Operation, whole: () => void, part = this.#perhaps(whole)) =>
      this.#pass(user, operation, whole, part);
    return {
      open: async (path, mode) => {
        let inode: Inode | undefined;
        await pass({ name: 'open', path }, () => {
          inode = mode === 'create' ? this.#create(path) : this.#inodeAt(path);
        });
        if (inode === undefined) throw new Error(`${path} was not opened.`);
        return this.#file(inode, path, mode !== 'read', user);
      },
      rename: (from, to) => pass({ name: 'rename', path: to }, () => this.#rename(from, to)),
      unlink: (path) =>
        pass({ name: 'unlink', path }, () => {
          this.#inodeAt(path);
          this.#folderAt(dirname(path)).change({ kind: 'unset', name: basename(path) });
        }),
      list: async (folder) => {
        await pass({ name: 'list', path: folder }, () => {});
        return [...this.#folderAt(folder).names.keys()];
      },
      makeFolder: (path) =>
        pass(
          { name: 'makeFolder', path },
          () => {
            this.#makeFolder(path, true);
          },
          () => {
            if (this.#random.chance(0.5)) this.#makeFolder(path, false);
          },
        ),
      syncFolder: (path) =>
        pass(
          { name: 'syncFolder', path },
          () => this.#syncFolder(this.#folderAt(path)),
          () => this.#syncNamesInPart(this.#folderAt(path)),
        ),
      freeBytes: async (folder) => {
        await pass({ name: 'freeBytes', path: folder }, () => {});
        return user.freeBytes();
      },
      openSync: (path) => {
        failAtTimes(path, user);
        return syncFile(path, this.#inodeAt(path), user);
      },
      openScratch: (folder, ending) => this.#openScratch(folder, ending, user),
    };
  }

  /** Of what was not durable any part is kept; what was open is not open any more. */
  loseSome(): void {
    const mood = this.#random.pick(moods);
    const survives = (): boolean => mood === 'all' || (mood === 'some' && this.#random.chance(0.5));
    const inodes = new Set<Inode>();
    for (const [path, folder] of this.#folders) {
      if (!folder.isDurable && !survives()) {
        this.#folders.delete(path);
        continue;
      }
      for (const change of this.#inAnyOrder(folder.pending))
        if (survives()) changeName(folder.durable, change);
      folder.pending = [];
      folder.names = new Map(folder.durable);
      for (const inode of folder.durable.values()) inodes.add(inode);
    }
    for (const inode of inodes) {
      const pieces = inode.pending.flatMap((change) => cutAnyhow(change, this.#random));
      for (const piece of this.#inAnyOrder(pieces))
        if (survives()) inode.durable = apply(inode.durable, piece);
      inode.pending = [];
      inode.content = inode.durable;
    }
  }

  async #pass(
    user: DiskUser,
    operation: Operation,
    whole: () => void,
    part: (fate: Fate) => void,
  ): Promise<void> {
    const fate = await user.fate(operation);
    if (fate === 'done') return whole();
    part(fate);
    // Who called it is gone.
    if (fate === 'crashes') return new Promise(() => {});
    throw this.#failure(operation);
  }

  #failure({ name, path }: Operation): Error {
    const code = this.#random.pick(name === 'read' ? ['EIO'] : ['EIO', 'ENOSPC']);
    return new Fault(code, `${name} of ${path}`);
  }

  /** An error of the call itself, as that there is no such file, is not what became of it. */
  #perhaps(whole: () => void): () => void {
    return () => {
      if (this.#random.chance(0.5)) whole();
    };
  }

  #folderAt(path: string): Folder {
    const folder = this.#folders.get(path);
    if (folder === undefined) throw failure('ENOENT', 'folder', path);
    return folder;
  }

  #inodeAt(path: string): Inode {
    const inode = this.#folderAt(dirname(path)).names.get(basename(path));
    if (inode === undefined) throw failure('ENOENT', 'file', path);
    return inode;
  }

  #create(path: string): Inode {
    const folder = this.#folderAt(dirname(path));
    const there = folder.names.get(basename(path));
    if (there !== undefined) {
      there.change({ kind: 'cut', size: 0 });
      return there;
    }
    const inode = new Inode();
    folder.change({ kind: 'set', name: basename(path), inode });
    return inode;
  }

  #rename(from: string, to: string): void {
    const inode = this.#inodeAt(from);
    if (dirname(from) !== dirname(to)) throw failure('EXDEV', 'rename', to);
    const folder = this.#folderAt(dirname(from));
    folder.change({ kind: 'move', from: basename(from), to: basename(to), inode });
  }

  #makeFolder(path: string, isDurable: boolean): Folder {
    const above = dirname(path);
    if (above !== path) this.#makeFolder(above, isDurable);
    const folder = this.#folders.get(path) ?? new Folder();
    folder.isDurable ||= isDurable;
    this.#folders.set(path, folder);
    return folder;
  }

  #syncFolder(folder: Folder): void {
    folder.durable = new Map(folder.names);
    folder.pending = [];
  }

  #syncNamesInPart(folder: Folder): void {
    if (this.#random.chance(0.3)) this.#syncFolder(folder);
  }

  #file(inode: Inode, path: string, isWritable: boolean, user: DiskUser): DiskFile {
    let isOpen = true;
    const pass = (
      name: Operation['name'],
      whole: () => void,
      part: (fate: Fate) => void = this.#perhaps(whole),
      bytes = 0,
    ): Promise<void> => {
      if (!isOpen) throw failure('EBADF', name, path);
      return this.#pass(user, { name, path, bytes }, whole, part);
    };
    const change = (made: Change): void => {
      if (!isWritable) throw failure('EBADF', made.kind, path);
      inode.change(made);
    };
    return {
      read: async (into, position) => {
        await pass(
          'read',
          () => {},
          () => {},
          into.length,
        );
        return inode.content.copy(into, 0, position);
      },
      write: async (bytes, position) => {
        // What is given may be used for something else once the call has ended.
        const copy = Buffer.from(bytes);
        const write = (upTo: number): void => {
          if (upTo > 0) change({ kind: 'write', position, bytes: copy.subarray(0, upTo) });
        };
        await pass(
          'write',
          () => write(copy.length),
          () => write(this.#random.between(0, copy.length)),
          copy.length,
        );
      },
      sync: async () => {
        await pass(
          'sync',
          () => inode.sync(),
          (fate) => this.#syncInPart(inode, fate),
        );
      },
      truncate: async (size) => {
        const cut = (): void => change({ kind: 'cut', size });
        // It is tried again and again, and would be done soon if many that fail were.
        await pass('truncate', cut, (fate) => {
          if (this.#random.chance(fate === 'fails' ? 0.02 : 0.5)) cut();
        });
      },
      size: async () => {
        await pass('size', () => {});
        return inode.content.length;
      },
      close: async () => {
        await pass('close', () => {
          isOpen = false;
        });
        isOpen = false;
      },
    };
  }

  /** Some of it is durable, some still may be; where it failed some never will, though it is read back. */
  #syncInPart(inode: Inode, fate: Fate): void {
    const left: Change[] = [];
    for (const change of inode.pending) {
      const loss = fate === 'fails' ? 'dropped' : 'left';
      const becomes = this.#random.pick(['durable', 'torn', 'left', loss]);
      if (becomes === 'left') left.push(change);
      else if (becomes === 'durable') inode.durable = apply(inode.durable, change);
      else if (becomes === 'torn')
        for (const piece of cutAnyhow(change, this.#random))
          if (this.#random.chance(0.5)) inode.durable = apply(inode.durable, piece);
      if (becomes === 'torn' && fate !== 'fails') left.push(change);
    }
    inode.pending = left;
  }

  #openScratch(path: string, ending: string, user: DiskUser): ScratchFolder {
    const folder = this.#makeFolder(path, false);
    for (const name of [...folder.names.keys()])
      if (name.endsWith(ending)) folder.change({ kind: 'unset', name });
    return {
      create: (name) => {
        const file = join(path, name);
        if (folder.names.has(name)) throw failure('EEXIST', 'create', file);
        failAtTimes(file, user);
        const inode = new Inode();
        folder.change({ kind: 'set', name, inode });
        return {
          ...syncFile(file, inode, user),
          append(from, bytes) {
            failAtTimes(file, user);
            const copy = Buffer.from(bytesOf(from).subarray(0, bytes));
            inode.change({ kind: 'write', position: inode.content.length, bytes: copy });
          },
          close() {
            folder.change({ kind: 'unset', name });
          },
        };
      },
    };
  }

  #inAnyOrder<T>(items: readonly T[]): readonly T[] {
    if (this.#random.chance(0.5)) return items;
    const left = [...items];
    return items.flatMap(() => left.splice(this.#random.between(0, left.length - 1), 1));
  }
}

/** Whether a power failure keeps nothing, everything, or something of what was not durable. */
const moods = ['none', 'all', 'some', 'some'] as const;

function failAtTimes(path: string, user: DiskUser): void {
  if (user.fails()) throw new Fault('EIO', `${path}, at once`);
}

const syncFile = (path: string, inode: Inode, user: DiskUser): SyncFile => ({
  path,
  read(into, bytes, position) {
    failAtTimes(path, user);
    return inode.content.copy(bytesOf(into), 0, position, position + bytes);
  },
  close() {},
});

const bytesOf = (view: DataView): Buffer =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength);

function failure(code: string, what: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${what} of ${path}`), { code });
}
