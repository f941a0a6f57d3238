import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isRunning, type Pid } from './pid.ts';

/** A service as its folder tells of it, to a process that did not start it. */
export interface FoundService {
  readonly name: string;
  readonly addresses: Addresses;
  readonly processes: readonly FoundProcess[];
}

export interface FoundProcess extends Pid {
  readonly name: string;
}

export interface Addresses {
  readonly [name: string]: string;
}

/** Written as soon as there is a process, so that none is ever lost. */
export function writePid(folder: string, name: string, { pid, startTicks }: Pid): void {
  writeFileSync(join(folder, `${name}.pid`), JSON.stringify({ pid, startTicks }));
}

export function writeAddresses(folder: string, addresses: Addresses): void {
  writeFileSync(join(folder, addressesFile), JSON.stringify(addresses));
}

/** The services in a run's folder, each in one of its own. */
export function findServices(runFolder: string): readonly FoundService[] {
  if (!existsSync(runFolder)) return [];
  return readdirSync(runFolder).map((name) => {
    const folder = join(runFolder, name);
    const addresses = existsSync(join(folder, addressesFile))
      ? readJson<Addresses>(join(folder, addressesFile))
      : {};
    const processes = readdirSync(folder)
      .filter((file) => file.endsWith('.pid'))
      .map((file) => ({ name: basename(file, '.pid'), ...readJson<Pid>(join(folder, file)) }));
    return { name, addresses, processes };
  });
}

/**
 * Empties the folder for a new run. Throws if what was started in it still runs, or
 * if it holds anything but services.
 */
export function emptyRunFolder(runFolder: string, services: readonly string[]): void {
  mkdirSync(runFolder, { recursive: true });
  const other = readdirSync(runFolder).find((name) => !services.includes(name));
  if (other !== undefined) throw new Error(`${runFolder} has something else in it: ${other}`);
  const running = findServices(runFolder)
    .flatMap(({ processes }) => processes)
    .filter(isRunning)
    .map(({ name, pid }) => `${name} (${pid})`);
  if (running.length > 0) {
    throw new Error(`Running already: ${running.join(', ')}. To stop: npm run stack -- down`);
  }
  for (const name of services) rmSync(join(runFolder, name), { recursive: true, force: true });
}

const addressesFile = 'addresses.json';

function readJson<Content>(path: string): Content {
  const content: Content = JSON.parse(readFileSync(path, 'utf8'));
  return content;
}
