import { Command } from 'commander';
import { MillraceError } from '../errors.ts';
import type { ForgetStatus } from '../forget/forgetter.ts';
import { pause } from '../pause.ts';
import type { FolderOrders } from '../runtime/forget-folder.ts';
import { clusterPlace } from './cluster-flags.ts';
import { dataFolderSettings } from './data-folder-settings.ts';
import { thousands } from './import-progress.ts';
import { settingsOf, withSettings } from './setting-flags.ts';
import type { Settings } from './settings.ts';
import { tellProblem } from './tell-problem.ts';

interface ForgetFlags {
  readonly user?: string;
  readonly anonymousId?: string;
  readonly rebuild?: boolean;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** How often it is looked how far an order is. */
const lookMs = 250;

export function forgetCommand(): Command {
  const command = new Command('forget')
    .description('remove a person: what was accepted of them until now')
    .option('--user <ID>', 'their user_id')
    .option('--anonymous-id <ID>', 'their anonymous_id')
    .option('--rebuild', 'make the rollups anew that have numbers of them')
    .option('--list', 'show what was forgotten, and is being')
    .option('--json', 'print the receipt as JSON');
  return withSettings(command, [...dataFolderSettings, ...clusterPlace])
    .addHelpText(
      'after',
      `
Their events, and dead letters that name them, go. Rollups keep what they counted,
without a name, until they are made anew. The receipt says of which rollups and
buckets, and until when the log has the lines. If the pipeline is running, that
process does the work; else this one. Ctrl-C stops looking: what is ordered is
carried out.

With Kafka's address this is about a cluster: this process does the work. Stopped
or killed, it goes on when the same is run again, or without an id.

  millrace forget --user u17
  millrace forget --user u17 --anonymous-id 0b6c --rebuild
  millrace forget --list
  millrace forget --user u17 --kafka kafka-1:9092 --store-url http://clickhouse:8123 \\
    --archive s3://BUCKET/PREFIX`,
    )
    .action(async () => {
      const flags = command.opts<ForgetFlags>();
      const settings = settingsOf(command);
      const isCluster = settings.kafka.length > 0;
      const shown = await (isCluster ? ofCluster : ofFolder)(settings, flags);
      if (flags.json) process.stdout.write(`${JSON.stringify(flags.list ? shown : shown[0])}\n`);
      else {
        const goesOn = isCluster
          ? 'when `millrace forget` is run again'
          : 'where the pipeline runs';
        process.stdout.write(shown.map((order) => receiptText(order, goesOn)).join(''));
      }
      // The engine keeps threads of its own that would hold the process up.
      process.exit(flags.list || shown.every(({ done_at }) => done_at !== null) ? 0 : 1);
    });
}

async function ofFolder(settings: Settings, flags: ForgetFlags): Promise<readonly ForgetStatus[]> {
  // The engine takes half a second to load, which `--help` need not wait for.
  const { forgetFolder } = await import('../runtime/forget-folder.ts');
  const orders = await forgetFolder(settings, tellProblem);
  try {
    return flags.list ? await orders.orders() : [await carriedOut(orders, flags)];
  } finally {
    await orders.close();
  }
}

async function ofCluster(
  settings: Settings,
  { user, anonymousId, rebuild, list }: ForgetFlags,
): Promise<readonly ForgetStatus[]> {
  const cluster = await import('../runtime/distributed/forget/forget-cluster.ts');
  if (list) return cluster.forgottenInCluster(settings);
  if (rebuild)
    throw new MillraceError(
      'forget_unavailable',
      'In a cluster --rebuild is done by `millrace replay start`, once they are forgotten.',
    );
  const isNamed = user !== undefined || anonymousId !== undefined;
  const person = isNamed ? { userId: user ?? null, anonymousId: anonymousId ?? null } : null;
  const tell = (sentence: string): void => {
    process.stderr.write(`${sentence}\n`);
  };
  return [await cluster.forgetInCluster(settings, person, { signal: untilStopped(), tell })];
}

function untilStopped(): AbortSignal {
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort()).once('SIGTERM', () => stopping.abort());
  return stopping.signal;
}

/** @returns how far it is when it is done, or when whoever looks has enough. */
async function carriedOut(
  orders: FolderOrders,
  { user, anonymousId, rebuild = false }: ForgetFlags,
): Promise<ForgetStatus> {
  if (user === undefined && anonymousId === undefined) {
    throw new MillraceError('forget_invalid', 'Say whom: --user, --anonymous-id.');
  }
  const signal = untilStopped();
  let order = await orders.order({
    person: { userId: user ?? null, anonymousId: anonymousId ?? null },
    rebuild,
  });
  let told: string | null = null;
  while (order.done_at === null && !signal.aborted) {
    if (order.problem !== null && order.problem !== told) {
      told = order.problem;
      process.stderr.write(`${told}\n`);
    }
    await pause(lookMs, signal);
    order = (await orders.orders()).find(({ id }) => id === order.id) ?? order;
  }
  return order;
}

/** @param goesOn when it does, if it is under way. */
function receiptText(order: ForgetStatus, goesOn: string): string {
  const { id, ordered_at, done_at, events, dead_letters, archived, rebuilt } = order;
  const removed = `${thousands(events ?? 0)} events and ${thousands(dead_letters ?? 0)} dead letters`;
  return [
    done_at === null
      ? `Order ${id} of ${ordered_at} is under way: it goes on ${goesOn}.`
      : `Order ${id} of ${ordered_at} was carried out at ${done_at}: ${removed} are gone.`,
    ...(archived === null
      ? ['  No archive is known here. If there is one, order it again with --archive.']
      : [`  ${thousands(archived)} of them were in the archive, and are gone from it.`]),
    ...order.rows_removed_from.map((name) => `  ${name}: rows under their ids are gone.`),
    ...rebuilt.map((name) => `  ${name}: made anew without them.`),
    ...order.rollups.flatMap(({ rollup, ranges }) =>
      ranges.map(
        ({ since, until }) => `  ${rollup}: counts them still, from ${since} to ${until}.`,
      ),
    ),
    order.log_until === null
      ? '  The log forgets nothing, so it has their lines; no replay reads them.'
      : `  The log has their lines until ${order.log_until} or later; no replay reads them.`,
    '',
  ].join('\n');
}
