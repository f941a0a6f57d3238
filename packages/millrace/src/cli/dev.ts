import { type ChildProcess, spawn } from 'node:child_process';
import { basename, dirname, resolve } from 'node:path';
import { watch } from 'chokidar';
import { Command } from 'commander';
import { planOf } from '../plan/plan-of.ts';
import { loadPipeline } from '../runtime/load-pipeline.ts';
import { explain } from './explain.ts';
import { settingsOf, withSettings } from './setting-flags.ts';
import { runSettings } from './start.ts';
import { stopSignal } from './stop-signal.ts';

export function devCommand(): Command {
  const command = new Command('dev').description(
    'run a pipeline, and again whenever its definition changes',
  );
  return withSettings(command, runSettings)
    .addHelpText(
      'after',
      `
Takes the same flags as start. Watches the folder of the pipeline, and starts
anew once what it defines is another thing: an edited comment is none. While it
contradicts itself, the contradictions are shown and the last one goes on.

  millrace dev
  millrace dev --pipeline shop/millrace.config.ts`,
    )
    .action(async () => {
      const { pipeline } = settingsOf(command);
      const [, script = '', ...words] = process.argv;
      const flags = words.slice(words.indexOf('dev') + 1);
      const run = new Run([...process.execArgv, script, 'start', ...flags]);
      let running = await meaningOf(pipeline);
      if (running !== null) run.start();

      const folder = dirname(resolve(pipeline));
      const watcher = watch(folder, {
        ignored: isNoSource,
        ignoreInitial: true,
        // Read half written, a file would be judged for what it is not yet; and of two changes
        // within 50 ms the watcher tells the first alone.
        awaitWriteFinish: { stabilityThreshold: 100, pollInterval: 20 },
      });
      const changed = latestOnly(async () => {
        const wanted = await meaningOf(pipeline);
        if (wanted === null || (wanted === running && run.isRunning)) return;
        say(`${pipeline} has changed: starting anew …`);
        await run.stop();
        running = wanted;
        run.start();
      });
      watcher.on('all', changed.again);
      await stopSignal();
      await watcher.close();
      await changed.settled();
      await run.stop();
    });
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Dependencies and what is hidden, such as the data folder, define nothing. */
const isNoSource = (path: string): boolean =>
  basename(path) === 'node_modules' || basename(path).startsWith('.');

/** What a pipeline defines, as text to compare; null, with the reasons shown, if it cannot run. */
async function meaningOf(path: string): Promise<string | null> {
  try {
    return JSON.stringify(planOf(await loadPipeline(path)));
  } catch (error) {
    say(`${explain(error)}\nWaiting until ${path} is in order …`);
    return null;
  }
}

/** `millrace start` in a process of its own, one at a time. */
class Run {
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  constructor(args: readonly string[]) {
    this.#args = args;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    // A process group of its own: Ctrl-C reaches this process, which passes it on once.
    const child = spawn(process.execPath, this.#args, { stdio: 'inherit', detached: true });
    this.#child = child;
    child.once('close', (code) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      say(`The pipeline ended with ${code}. Waiting for a change …`);
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const closed = new Promise((done) => child.once('close', done));
    child.kill('SIGTERM');
    await closed;
  }
}

/** Runs work again as long as it was asked for meanwhile, never twice at once. */
function latestOnly(work: () => Promise<void>): {
  readonly again: () => void;
  readonly settled: () => Promise<void>;
} {
  let wanted = false;
  let working: Promise<void> | undefined;
  const round = async (): Promise<void> => {
    while (wanted) {
      wanted = false;
      await work();
    }
    working = undefined;
  };
  return {
    again() {
      wanted = true;
      working ??= round();
    },
    settled: async () => working,
  };
}
