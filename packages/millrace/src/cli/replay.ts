import { Command, Option } from 'commander';
import { readTime } from '../collect/time.ts';
import { MillraceError } from '../errors.ts';
import { pause } from '../pause.ts';
import type { VersionStatus } from '../rollups/version-status.ts';
import type { FolderReplays } from '../runtime/replay-folder.ts';
import type { ReplayOrder } from '../server/replay-routes.ts';
import { clusterSettings } from './cluster-flags.ts';
import { dataFolderSettings } from './data-folder-settings.ts';
import { clusterVersions, replayInCluster } from './replay-cluster.ts';
import { ReplayProgress } from './replay-progress.ts';
import { settingsOf, withSettings } from './setting-flags.ts';
import type { Settings } from './settings.ts';
import { tellProblem } from './tell-problem.ts';

/** How often it is looked how far a replay is. */
const lookMs = 250;
/** The same in a cluster, whose brokers are asked each time. */
const lookInClusterMs = 1_000;

/** Of a data folder, or of a cluster: with Kafka's address it is that. */
const replaySettings = [...new Set([...dataFolderSettings, ...clusterSettings])];
const isCluster = ({ kafka }: Settings): boolean => kafka.length > 0;

export function replayCommand(): Command {
  return new Command('replay')
    .description(
      'make rollups and results of windows anew from the archive or the log, while events flow',
    )
    .addCommand(startCommand())
    .addCommand(watchCommand())
    .addCommand(listCommand())
    .addCommand(changeCommand('back', 'let readers go back to the version before a replay'))
    .addCommand(
      changeCommand('drop', 'give a replay up, or drop the version that could be gone back to'),
    )
    .addHelpText(
      'after',
      `
Readers stay with the version they have until the new one has everything. The
old one is kept up to date, so that they can go back, until it is dropped. If
the pipeline is running, that process does the work; else this one. With Kafka's
address it is those of the cluster, and this process does the work.

Results of a window that are made anew call no webhook and are not streamed as new.

  millrace replay start --rollup revenue --from archive --archive /mnt/archive
  millrace replay start --window busy_users --from log
  millrace replay back revenue
  millrace replay drop revenue`,
    );
}

interface StartFlags {
  readonly rollup?: readonly string[];
  readonly window?: readonly string[];
  readonly from: ReplayOrder['from'];
  readonly since?: string;
  readonly until?: string;
}

function startCommand(): Command {
  const command = new Command('start')
    .description('begin, and show how far it is until readers see the new version')
    .option('--rollup <NAME...>', 'which rollups')
    .option('--window <NAME...>', 'which windows')
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
      'of rollups, only buckets that begin then or later (ISO 8601, where a bucket begins)',
    )
    .option('--until <TIME>', 'only buckets that begin before it');
  return withSettings(command, replaySettings)
    .addHelpText(
      'after',
      `
Ctrl-C stops looking. The replay goes on in the process that runs the pipeline,
or when the folder is opened next; in a cluster when this is run again, or apply.`,
    )
    .action(async () => {
      const {
        rollup: rollups = [],
        window: windows = [],
        from,
        since,
        until,
      } = command.opts<StartFlags>();
      const names = [...rollups, ...windows];
      if (names.length === 0)
        throw new MillraceError('replay_invalid', 'Name what to replay: --rollup or --window.');
      const range = { sinceMs: timeOf('--since', since), untilMs: timeOf('--until', until) };
      const settings = settingsOf(command);
      if (isCluster(settings)) {
        refuseRange(range);
        return replayInCluster(settings, { kind: 'start', rollups, windows, from });
      }
      await withReplays(command, async (replays) => {
        for (const name of names) await replays.begin({ name, from, ...range });
        await watch(() => replays.versions(), names);
      });
    });
}

function watchCommand(): Command {
  const command = new Command('watch').description(
    'show how far replays are, until all have ended',
  );
  return withSettings(command, replaySettings).action(async () => {
    const settings = settingsOf(command);
    if (isCluster(settings))
      return watch(() => clusterVersions(settings, 'worked on'), null, lookInClusterMs);
    await withReplays(command, (replays) => watch(() => replays.versions(), null));
  });
}

function listCommand(): Command {
  const command = new Command('list')
    .description('the versions of rollups and windows that there are')
    .option('--json', 'as JSON');
  const print = (versions: readonly VersionStatus[]): void => {
    const { json } = command.opts<{ readonly json?: boolean }>();
    process.stdout.write(
      json ? `${JSON.stringify(versions)}\n` : versions.map(versionText).join(''),
    );
  };
  return withSettings(command, replaySettings).action(async () => {
    const settings = settingsOf(command);
    if (isCluster(settings)) return print(await clusterVersions(settings, 'there'));
    await withReplays(command, async (replays) => print(await replays.versions()));
  });
}

function changeCommand(kind: 'back' | 'drop', description: string): Command {
  const command = new Command(kind)
    .description(description)
    .argument('<NAME>', 'of the rollup, or the window');
  return withSettings(command, replaySettings).action(async (name: string) => {
    const settings = settingsOf(command);
    if (isCluster(settings)) return replayInCluster(settings, { kind, name });
    await withReplays(command, async (replays) => {
      const versions = await replays[kind](name);
      process.stdout.write(
        versions
          .filter((version) => version.name === name)
          .map(versionText)
          .join(''),
      );
    });
  });
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

/** @param names of rollups and windows; null for all. */
async function watch(
  versionsNow: () => Promise<readonly VersionStatus[]>,
  names: readonly string[] | null,
  everyMs = lookMs,
): Promise<void> {
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort()).once('SIGTERM', () => stopping.abort());
  const progress = new ReplayProgress(process.stderr);
  while (!stopping.signal.aborted) {
    const versions = (await versionsNow()).filter(
      ({ name }) => names === null || names.includes(name),
    );
    const filling = versions.filter(({ state }) => state === 'filling');
    progress.show(
      filling.map((one) => ({
        what: `${one.name} v${one.version}`,
        done: one.events_filled,
        of: one.events_to_fill,
      })),
    );
    if (filling.length === 0) {
      progress.clear();
      process.stdout.write(versions.map(versionText).join(''));
      return;
    }
    await pause(everyMs, stopping.signal);
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

const versionText = ({ name, version, state, from, since, until }: VersionStatus): string => {
  const range = `${since === null ? '' : `, since ${since}`}${until === null ? '' : `, until ${until}`}`;
  const source = from === null ? '' : ` (replayed from the ${from}${range})`;
  return `${name} v${version} ${states[state]}${source}\n`;
};

function refuseRange({ sinceMs, untilMs }: Pick<ReplayOrder, 'sinceMs' | 'untilMs'>): void {
  if (sinceMs === null && untilMs === null) return;
  throw new MillraceError(
    'replay_invalid',
    'In a cluster rollups and windows are replayed as a whole: leave out --since and --until.',
  );
}

function timeOf(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const time = readTime(text);
  if (time !== null) return time;
  throw new MillraceError('replay_invalid', `${flag} must be a time of ISO 8601.`);
}
