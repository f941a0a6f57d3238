import { crc32 } from 'node:zlib';
import type { Clock } from '../../packages/millrace/src/ports/clock.ts';
import type { Disk } from '../../packages/millrace/src/ports/disk.ts';
import type { Store } from '../../packages/millrace/src/ports/store.ts';
import { Random } from '../support/random.ts';
import type { Fate } from './faults.ts';
import { ModelStore } from './model-store.ts';
import { type Operation, SimulatedDisk } from './simulated-disk.ts';
import { VirtualTime } from './virtual-time.ts';

/** How well disk and store do: the share of calls that fail. */
export interface Weather {
  readonly diskFails: number;
  /** Which calls to the disk fail so often; the others do not. Default: each. */
  readonly failing?: readonly Operation['name'][];
  readonly storeFails: number;
  readonly freeBytes: number;
}

const plenty = 2 ** 40;

export const calm: Weather = { diskFails: 0, storeFails: 0, freeBytes: plenty };

/** What a life may end in the middle of. */
export type LastCall = 'any' | Operation['name'];

/** What one process has of the world, until it dies. */
export interface Life {
  readonly disk: Disk;
  readonly store: Store;
  /** Resolves when it dies in the middle of its work. */
  readonly crashed: Promise<'crashed'>;
}

export interface WorldOptions {
  readonly seed: number;
  /** What survives a crash is drawn from this. Default: as all else, from the seed. */
  readonly survivalSeed?: number;
  /** Told of everything that happens. */
  readonly tell?: (line: string) => void;
}

/** Disk, store, time and chance, which outlive the processes that use them. */
export class World {
  readonly random: Random;
  readonly time = new VirtualTime();
  readonly store: ModelStore;
  readonly clock: Clock = { now: () => this.#epochMs + Math.floor(this.time.nowMs) };
  weather = calm;
  /** Calls to disk and store so far. */
  operations = 0;
  /** A number over everything that happened, in its order. */
  trace = 0;
  readonly #disk: SimulatedDisk;
  readonly #survival: Random;
  readonly #tell: (line: string) => void;
  #epochMs = Date.UTC(2026, 4, 1, 12);
  #lives = 0;

  constructor({ seed, survivalSeed = seed + 1, tell = () => {} }: WorldOptions) {
    this.#tell = tell;
    this.random = new Random(seed);
    this.#survival = new Random(survivalSeed);
    this.#disk = new SimulatedDisk(this.#survival);
    this.store = new ModelStore(this.#survival);
  }

  /** Begins a life that crashes after so many calls, in the first one that may be its last. */
  begin(crashAfter: number, lastCall: LastCall): Life {
    this.#lives += 1;
    const life = this.#lives;
    const crashFrom = this.operations + crashAfter;
    let isDoomed = false;
    let die = (): void => {};
    const crashed = new Promise<'crashed'>((resolve) => {
      die = () => resolve('crashed');
    });
    const fate = async (
      operation: { readonly name: string; readonly path: string; readonly bytes?: number },
      failing: () => number,
    ): Promise<Fate> => {
      this.operations += 1;
      const mayBeLast = lastCall === 'any' || lastCall === operation.name;
      const isLast = !isDoomed && this.operations >= crashFrom && mayBeLast;
      isDoomed ||= isLast;
      await this.time.sleep(this.#latencyMs());
      const fails = this.random.chance(failing());
      if (life === this.#lives && isLast) {
        this.#lives += 1;
        die();
      } else if (life !== this.#lives) return new Promise(() => {});
      const became = isLast ? 'crashes' : fails ? 'fails' : 'done';
      this.note(`${operation.name} ${operation.path} ${operation.bytes ?? ''} ${became}`);
      return became;
    };
    return {
      disk: this.#disk.usedBy({
        fate: (operation) => fate(operation, () => this.#diskFails(operation)),
        fails: () => this.random.chance(this.weather.diskFails),
        freeBytes: () => this.weather.freeBytes,
      }),
      store: this.store.usedBy({
        fate: (operation) => fate(operation, () => this.weather.storeFails),
      }),
      crashed,
    };
  }

  /** The process that runs is gone, and with the power what was not durable. */
  async end({ power }: { readonly power: 'stays' | 'fails' }): Promise<void> {
    this.#lives += 1;
    await this.time.stop();
    this.store.dies();
    if (power === 'fails') this.#disk.loseSome();
    this.note(`power ${power}`);
  }

  /** The wall clock is put forward, or back. */
  moveClock(byMs: number): void {
    this.#epochMs += byMs;
  }

  note(what: string): void {
    const line = `${this.time.nowMs} ${what}\n`;
    this.trace = crc32(line, this.trace);
    this.#tell(line);
  }

  #diskFails({ name }: Operation): number {
    const { diskFails, failing } = this.weather;
    return failing === undefined || failing.includes(name) ? diskFails : 0;
  }

  /** Mostly short; now and then long enough for much else to happen first. */
  #latencyMs(): number {
    const most = this.random.chance(0.05) ? 200 : 2;
    return this.random.next() * most;
  }
}
