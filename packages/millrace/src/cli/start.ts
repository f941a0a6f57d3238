import { Command } from 'commander';
import type { RoleSettings } from '../runtime/distributed/role-settings.ts';
import { saysSetting, settingsOf, withSettings } from './setting-flags.ts';
import { stopSignal } from './stop-signal.ts';
import { tellProblem } from './tell-problem.ts';
import { welcome } from './welcome.ts';

/** What a run of a pipeline can be told. */
export const runSettings = [
  'pipeline',
  'data',
  'host',
  'port',
  'writeKeys',
  'readKeys',
  'webhookSecret',
  'dedupMemoryMb',
  'storeMemoryMb',
  'questionRowsMax',
  'logRetentionHours',
  'deadLetterRetentionDays',
  'logSegmentMb',
  'archive',
  'archiveSeconds',
  'archiveCompactRanges',
  's3Endpoint',
] as const;

/** What a part of a cluster can be told besides. */
const roleSettings = [
  'role',
  'kafka',
  'spillMb',
  'ingestTopic',
  'storeUrl',
  'storeUser',
  'storePassword',
  'redisUrl',
] as const;

export function startCommand(): Command {
  const command = new Command('start').description(
    'run a pipeline in this process, or a part of one in a cluster',
  );
  return withSettings(command, [...runSettings, ...roleSettings])
    .addHelpText(
      'after',
      `
An event is answered with 200 once it is on disk; what was answered survives
kill -9. Stop with Ctrl-C: what is under way has ten seconds to be finished.

  millrace start
  millrace start --pipeline shop/millrace.config.ts --data /var/lib/millrace
  MILLRACE_WRITE_KEYS=w1 MILLRACE_READ_KEYS=r1 millrace start --host 0.0.0.0`,
    )
    .action(async () => {
      const settings = settingsOf(command);
      if (settings.role !== 'all') {
        return startRole({
          ...settings,
          data: saysSetting(command, 'data') ? settings.data : null,
        });
      }
      // The engine takes half a second to load, which `--help` need not wait for.
      const { serveEmbedded } = await import('../runtime/serve-embedded.ts');
      const running = await serveEmbedded(settings, tellProblem, (sentence) =>
        process.stdout.write(`millrace: ${sentence}.\n`),
      );
      process.stdout.write(welcome(running));
      await askedToStop();
      process.stdout.write(farewell(await running.close()));
      // The engine keeps threads of its own that would hold the process up.
      process.exit(0);
    });
}

async function startRole(settings: RoleSettings & { readonly role: string }): Promise<void> {
  const { serveRole } = await import('../runtime/distributed/serve-role.ts');
  const running = await serveRole(settings, tellProblem);
  process.stdout.write(`The ${settings.role} answers at ${running.url}\n`);
  await askedToStop();
  await running.close();
  process.stdout.write('Stopped.\n');
  // As above: an archiver has the engine as well.
  process.exit(0);
}

async function askedToStop(): Promise<void> {
  await stopSignal();
  process.stdout.write('Stopping: finishing what is under way (again to stop at once) …\n');
  process.once('SIGINT', stopAtOnce).once('SIGTERM', stopAtOnce);
}

const farewell = (unstored: number): string =>
  unstored === 0
    ? 'Stopped. Everything accepted is stored.\n'
    : `Stopped. The store fails: ${unstored} accepted events are in the log alone; the next start stores them.\n`;

function stopAtOnce(): void {
  process.stderr.write(
    'Stopped at once. What was accepted is in the log and is stored next time.\n',
  );
  process.exit(130);
}
