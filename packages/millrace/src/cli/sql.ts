import { once } from 'node:events';
import { Command } from 'commander';
import { MillraceError } from '../errors.ts';
import { urlOf } from '../server/address.ts';
import { commandKey } from '../server/read-key.ts';
import { settingsOf, withSettings } from './setting-flags.ts';

export function sqlCommand(): Command {
  const command = new Command('sql')
    .description('ask a running Millrace a question in ClickHouse SQL')
    .argument('[query]', 'the question; read from standard input if left out')
    .option('--format <NAME>', 'a ClickHouse output format', 'PrettyCompactMonoBlock');
  return withSettings(command, ['host', 'port', 'readKeys'])
    .addHelpText(
      'after',
      `
Only SELECT over events, dead_letters and the rollups is allowed.

  millrace sql "SELECT type, count() FROM events GROUP BY type"
  millrace sql "SELECT * FROM revenue_per_minute ORDER BY bucket DESC LIMIT 5" --format CSV
  echo "SELECT properties.price FROM events LIMIT 3" | millrace sql`,
    )
    .action(async (argument: string | undefined) => {
      const { host, port, readKeys } = settingsOf(command);
      const { format } = command.opts<{ format: string }>();
      const key = commandKey(readKeys);
      const search = new URLSearchParams({
        default_format: format,
        // Money reads as money: 2.40, not 2.4.
        output_format_decimal_trailing_zeros: '1',
      });
      const url = `${urlOf(host, port)}/sql?${search}`;
      const response = await ask(url, argument ?? (await standardInput()), key);
      if (response.ok) return print(response);
      process.stderr.write(`${(await response.text()).trim()}\n`);
      process.exitCode = 1;
    });
}

async function print({ body }: Response): Promise<void> {
  let last = newline;
  try {
    for await (const chunk of body ?? []) {
      last = chunk.at(-1) ?? last;
      if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
    }
  } catch {
    // What was printed last says why.
    process.stderr.write('\nThe answer broke off.\n');
    process.exitCode = 1;
    return;
  }
  if (last !== newline) process.stdout.write('\n');
}

const newline = 0x0a;

async function ask(url: string, query: string, key: string | undefined): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      body: query,
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    });
  } catch (error) {
    throw new MillraceError('not_running', `Nothing answers at ${new URL(url).origin}.`, {
      cause: error,
    });
  }
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
