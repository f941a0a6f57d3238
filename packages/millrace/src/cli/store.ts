import { Command } from 'commander';
import { settingsOf, withSettings } from './setting-flags.ts';
import { stopSignal } from './stop-signal.ts';

export function storeCommand(): Command {
  const command = new Command('store').description(
    'run one ClickHouse in this process, for the other processes of Millrace',
  );
  return withSettings(command, ['data', 'host', 'port', 'readKeys', 'storeMemoryMb'])
    .addHelpText(
      'after',
      `
It speaks ClickHouse's HTTP interface and does whatever it is told: keep its
address and its keys (the password of any user) to yourself. For a trial on one
machine; a ClickHouse server or cluster takes its place by its address alone.

  millrace store --data /var/lib/millrace-store --port 8123
  curl 'http://127.0.0.1:8123/?query=SELECT+version()'`,
    )
    .action(async () => {
      const settings = settingsOf(command);
      // The engine takes half a second to load, which `--help` need not wait for.
      const { serveStore } = await import('../runtime/serve-store.ts');
      const running = await serveStore(settings);
      process.stdout.write(`The store in ${running.folder} answers at ${running.url}\n`);
      await stopSignal();
      await running.close();
      process.stdout.write('Stopped.\n');
      // The engine keeps threads of its own that would hold the process up.
      process.exit(0);
    });
}
