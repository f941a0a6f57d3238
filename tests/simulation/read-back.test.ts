import { basename, dirname } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { localProgress } from '../../packages/millrace/src/adapters/local-progress/local-progress.ts';
import { openSegmentLog } from '../../packages/millrace/src/adapters/segment-log/segment-log.ts';
import { readFrom, records } from '../../packages/millrace/src/ports/log.suite.ts';
import type { Log } from '../../packages/millrace/src/ports/log.ts';
import {
  dataFolder,
  keepNames,
  makeDataFolder,
} from '../../packages/millrace/src/runtime/data-folder.ts';
import { Random } from '../support/random.ts';
import { type Operation, SimulatedDisk } from './simulated-disk.ts';

/*
 * A process dies alone after the disk failed it. The next one reads what was
 * never made durable, works on the word of it, and then the power fails.
 */

const lives = 50;
const folder = dataFolder('/data');

let fails: (operation: Operation) => boolean;

beforeEach(() => {
  fails = () => false;
});

function newDisk(seed: number) {
  const simulated = new SimulatedDisk(new Random(seed));
  const disk = simulated.usedBy({
    fate: async (operation) => (fails(operation) ? 'fails' : 'done'),
    fails: () => false,
    freeBytes: () => 2 ** 40,
  });
  return { simulated, disk };
}

test('a frame whose sync failed, once it is served, is there after a power failure', async () => {
  let served = 0;
  for (let seed = 0; seed < lives; seed += 1) {
    const { simulated, disk } = newDisk(seed);
    const open = (): Promise<Log> =>
      openSegmentLog({ folder: folder.eventLog, clock: { now: () => 1 }, freeBytesMin: 0, disk });
    const refusing = await open();
    await refusing.append(records('a'));
    fails = ({ name }) => name === 'sync' || name === 'truncate';
    await expect(refusing.append(records('b'))).rejects.toMatchObject({ code: 'log_full' });

    fails = () => false;
    const serving = await open();
    const before = await readFrom(serving, 0);
    if (before.length > 1) served += 1;
    await serving.append(records('c'));
    simulated.loseSome();

    expect(await readFrom(await open(), 0)).toEqual([...before, 'value of c']);
  }
  expect(served).toBeGreaterThan(0);
});

test('a log whose name was not durable, once it is served, is there after a power failure', async () => {
  let served = 0;
  for (let seed = 0; seed < lives; seed += 1) {
    const { simulated, disk } = newDisk(seed);
    const open = (): Promise<Log> =>
      openSegmentLog({ folder: folder.eventLog, clock: { now: () => 1 }, freeBytesMin: 0, disk });
    fails = ({ name }) => name === 'syncFolder';
    await expect(open()).rejects.toMatchObject({ name: 'Fault' });

    fails = () => false;
    if ((await disk.list(folder.eventLog)).some((name) => name.endsWith('.log'))) served += 1;
    await (await open()).append(records('a'));
    simulated.loseSome();

    expect(await readFrom(await open(), 0)).toEqual(['value of a']);
  }
  expect(served).toBe(lives);
});

test('a segment whose name was not durable, once the one before it is sealed, is there after a power failure', async () => {
  let sealed = 0;
  for (let seed = 0; seed < lives; seed += 1) {
    const { simulated, disk } = newDisk(seed);
    const rolling = { folder: folder.eventLog, clock: { now: () => 1 }, freeBytesMin: 0, disk };
    const open = (): Promise<Log> => openSegmentLog({ ...rolling, segmentBytes: 1 });
    const first = await open();
    await first.append(records('a'));
    fails = ({ name }) => name === 'syncFolder';
    await expect(first.append(records('b'))).rejects.toMatchObject({ code: 'log_full' });

    fails = ({ name, path }) => name === 'rename' && path.endsWith('.ids');
    await expect(open()).rejects.toMatchObject({ name: 'Fault' });
    simulated.loseSome();
    if ((await disk.list(folder.eventLog)).some((name) => name.endsWith('.ids'))) sealed += 1;

    fails = () => false;
    const last = await open();
    expect(await readFrom(last, 0)).toEqual(['value of a']);
    await last.append(records('c'));
    expect(await readFrom(last, 0)).toEqual(['value of a', 'value of c']);
  }
  expect(sealed).toBeGreaterThan(0);
});

test('a small file that was replaced, once it is read, is there after a power failure', async () => {
  const path = folder.eventProgress;
  const half = { committed: 0, intents: [{ from: 0, to: 5 }] };
  let replaced = 0;
  for (let seed = 0; seed < lives; seed += 1) {
    const { simulated, disk } = newDisk(seed);
    await makeDataFolder(folder, disk);
    await localProgress(path, disk).save({ committed: 0, intents: [] });
    fails = ({ name }) => name === 'syncFolder';
    await expect(localProgress(path, disk).save(half)).rejects.toMatchObject({ name: 'Fault' });

    fails = () => false;
    await keepNames(folder, disk);
    const read = await localProgress(path, disk).read();
    if (read.intents.length > 0) replaced += 1;
    simulated.loseSome();

    expect(await localProgress(path, disk).read()).toEqual(read);
  }
  expect(replaced).toBe(lives);
});

test('a small file is whole, whichever of its names a power failure left', async () => {
  const path = folder.eventProgress;
  const half = { committed: 0, intents: [{ from: 0, to: 5 }] };
  let twoNames = 0;
  for (let seed = 0; seed < lives; seed += 1) {
    const { simulated, disk } = newDisk(seed);
    await makeDataFolder(folder, disk);
    fails = ({ name }) => name === 'syncFolder';
    await expect(localProgress(path, disk).save(half)).rejects.toMatchObject({ name: 'Fault' });
    simulated.loseSome();
    const left = (await disk.list(dirname(path))).filter((name) => name.startsWith(basename(path)));
    if (left.length > 1) twoNames += 1;

    fails = () => false;
    const read = await localProgress(path, disk).read();
    fails = ({ name }) => name === 'write';
    await expect(localProgress(path, disk).save(half)).rejects.toMatchObject({ name: 'Fault' });
    fails = () => false;
    expect(await localProgress(path, disk).read()).toEqual(read);
  }
  expect(twoNames).toBeGreaterThan(0);
});
