import { Command, Option } from 'commander';
import { readTime } from '../collect/time.ts';
import { MillraceError } from '../errors.ts';
import { pause } from '../pause.ts';
import type { ReplayOrder } from '../rollups/replays.ts';
import type { VersionStatus } from '../rollups/version-status.ts';
import type { FolderReplays } from '../runtime/replay-folder.ts';
import { dataFolderSettings } from './data-folder-settings.ts';
import { ReplayProgress } from './replay-progress.ts';
import { settingsOf, withSettings } from './setting-flags.ts';
import { tellProblem } from './tell-problem.ts';

/** How often it is looked how far a replay is. */
const lookMs = 250;

export function replayCommand(): Command {
  return new Command('replay')
    .description('make rollups anew from the archive or the log, while events flow')
    .addCommand(startCommand())
    .addCommand(watchCommand())
    .addCommand(listCommand())
    .addCommand(
      changeCommand('back', 'let readers go back to the version before a replay', (replays, name) =>
        replays.back(name),
      ),
    )
    .addCommand(
      changeCommand(
        'drop',
        'give a replay up, or drop the version that could be gone back to',
        (replays, name) => replays.drop(name),
      ),
    )
    .addHelpText(
      'after',
      `
Readers stay with the version they have until the new one has everything. The
old one is kept up to date, so that they can go back, until it is dropped. If
the pipeline is running, that process does the work; else this one.

  millrace replay start --rollup revenue --from archive --archive /mnt/archive
  millrace replay back revenue
  millrace replay drop revenue`,
    );
}

interface StartFlags {
  readonly rollup: readonly string[];
  readonly from: ReplayOrder['from'];
  readonly since?: string;
  readonly until?: string;
}

function startCommand(): Command {
  const command = new Command('start')
    .description('begin, and show how far it is until readers see the new version')
    .requiredOption('--rollup <NAME...>', 'which rollups')
    .addOption(
      new Option(
        '--from <SOURCE>',
        'what to make them from: archive (and the log behind it), log, events',
      )
        .choices(['archive', 'log', 'events'])
        .makeOptionMandatory(),
    )
    .option(
      '--since <TIME>',
      'only buckets that begin then or later (ISO 8601, where a bucket begins)',
    )
    .option('--until <TIME>', 'only buckets that begin before it');
  return withSettings(command, dataFolderSettings)
    .addHelpText(
      'after',
      `
Ctrl-C stops looking. The replay goes on in the process that runs the pipeline,
or when the folder is opened next.`,
    )
    .action(async () => {
      const { rollup: names, from, since, until } = command.opts<StartFlags>();
      const range = { sinceMs: timeOf('--since', since), untilMs: timeOf('--until', until) };
      await withReplays(command, async (replays) => {
        for (const rollup of names) await replays.begin({ rollup, from, ...range });
        await watch(replays, names);
      });
    });
}

function watchCommand(): Command {
  const command = new Command('watch').description(
    'show how far replays are, until all have ended',
  );
  return withSettings(command, dataFolderSettings).action(() =>
    withReplays(command, (replays) => watch(replays, null)),
  );
}

function listCommand(): Command {
  const command = new Command('list')
    .description('the versions of rollups that there are')
    .option('--json', 'as JSON');
  return withSettings(command, dataFolderSettings).action(() =>
    withReplays(command, async (replays) => {
      const versions = await replays.versions();
      const { json } = command.opts<{ readonly json?: boolean }>();
      process.stdout.write(
        json ? `${JSON.stringify(versions)}\n` : versions.map(versionText).join(''),
      );
    }),
  );
}

function changeCommand(
  name: string,
  description: string,
  change: (replays: FolderReplays, rollup: string) => Promise<readonly VersionStatus[]>,
): Command {
  const command = new Command(name).description(description).argument('<ROLLUP>', 'its name');
  return withSettings(command, dataFolderSettings).action((rollup: string) =>
    withReplays(command, async (replays) => {
      const versions = await change(replays, rollup);
      process.stdout.write(
        versions
          .filter((version) => version.rollup === rollup)
          .map(versionText)
          .join(''),
      );
    }),
  );
}

async function withReplays(
  command: Command,
  work: (replays: FolderReplays) => Promise<void>,
): Promise<void> {
  // The engine takes half a second to load, which `--help` need not wait for.
  const { replayFolder } = await import('../runtime/replay-folder.ts');
  const replays = await replayFolder(settingsOf(command), tellProblem);
  try {
    await work(replays);
  } finally {
    await replays.close();
  }
  // The engine keeps threads of its own that would hold the process up.
  process.exit(0);
}

/** @param names of rollups; null for all. */
async function watch(replays: FolderReplays, names: readonly string[] | null): Promise<void> {
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort()).once('SIGTERM', () => stopping.abort());
  const progress = new ReplayProgress(process.stderr);
  while (!stopping.signal.aborted) {
    const versions = (await replays.versions()).filter(
      ({ rollup }) => names === null || names.includes(rollup),
    );
    const filling = versions.filter(({ state }) => state === 'filling');
    progress.show(
      filling.map((one) => ({
        what: `${one.rollup} v${one.version}`,
        done: one.events_filled,
        of: one.events_to_fill,
      })),
    );
    if (filling.length === 0) {
      progress.clear();
      process.stdout.write(versions.map(versionText).join(''));
      return;
    }
    await pause(lookMs, stopping.signal);
  }
  progress.clear();
  process.stdout.write('It goes on when the folder is opened next, or where it runs.\n');
}

const states: { readonly [state in VersionStatus['state']]: string } = {
  creating: 'is being made',
  filling: 'is being filled',
  ready: 'is what readers see',
  kept: 'is kept, to go back to',
  dropping: 'is being dropped',
};

const versionText = ({ rollup, version, state, from, since, until }: VersionStatus): string => {
  const range = `${since === null ? '' : `, since ${since}`}${until === null ? '' : `, until ${until}`}`;
  const source = from === null ? '' : ` (replayed from the ${from}${range})`;
  return `${rollup} v${version} ${states[state]}${source}\n`;
};

function timeOf(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const time = readTime(text);
  if (time !== null) return time;
  throw new MillraceError('replay_invalid', `${flag} must be a time of ISO 8601.`);
}
