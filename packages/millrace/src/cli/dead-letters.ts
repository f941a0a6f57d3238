import { Command } from 'commander';
import type { RetryReceipt } from '../collect/retry-letters.ts';
import type { CodeCount, Letter, LetterSummary } from '../collect/stored-letters.ts';
import { askRunning } from './running.ts';
import { settingsOf, withSettings } from './setting-flags.ts';

export function deadLettersCommand(): Command {
  return new Command('dead-letters')
    .description('see what was refused and why, and send it again once the pipeline is mended')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(retryCommand())
    .addHelpText(
      'after',
      `
A dead letter is named by its place in the log of dead letters, as 0/17.

  millrace dead-letters list
  millrace dead-letters show 0/17
  millrace dead-letters retry --code not_in_enum`,
    );
}

interface Flags {
  readonly code?: string;
  readonly type?: string;
  readonly since?: string;
  readonly json?: boolean;
}
interface ListFlags extends Flags {
  readonly limit: string;
}

function listCommand(): Command {
  const command = new Command('list')
    .description('how many letters there are of each code, and the newest of them')
    .option('--limit <LETTERS>', 'how many to show', '20')
    .option('--json', 'as JSON');
  return withFilter(command).action(async () => {
    const { code, type, since, limit, json } = command.opts<ListFlags>();
    const path = `/v1/dead-letters?${searchOf({ code, type, since, limit })}`;
    const answer = await askRunning<Listing>(settingsOf(command), path);
    process.stdout.write(json ? `${JSON.stringify(answer)}\n` : listed(answer));
  });
}

function showCommand(): Command {
  const command = new Command('show')
    .description('one letter: why it was refused, and the bytes as they came')
    .argument('<ID>', 'its place, as 0/17')
    .option('--json', 'as JSON');
  return withSettings(command, connection).action(async (id: string) => {
    const path = `/v1/dead-letters/${id.split('/').map(encodeURIComponent).join('/')}`;
    const letter = await askRunning<Letter>(settingsOf(command), path);
    if (command.opts<{ json?: boolean }>().json) {
      process.stdout.write(`${JSON.stringify(letter)}\n`);
      return;
    }
    process.stdout.write(`${described(letter)}\n\n`);
    process.stdout.write(Buffer.from(letter.raw_base64, 'base64'));
    process.stdout.write('\n');
  });
}

function retryCommand(): Command {
  const command = new Command('retry')
    .description('send letters through the pipeline again, as it is now')
    .argument('[ID]', 'one letter, as 0/17; all that match if left out')
    .option('--json', 'as JSON, a line for each slice of letters');
  return withFilter(command)
    .addHelpText(
      'after',
      `
What is accepted now is stored once, however often you retry. What is refused
again stays the letter it is. Ends with 1 if any was refused again.`,
    )
    .action(async (id: string | undefined) => {
      const { code, type, since, json } = command.opts<Flags>();
      const settings = settingsOf(command);
      const total = { accepted: 0, duplicates: 0, rejected: 0 };
      for (let after: string | null = null; ; ) {
        const path = `/v1/dead-letters/retry?${searchOf({ code, type, since, id, after })}`;
        const slice: RetryReceipt = await askRunning(settings, path, { method: 'PUT' });
        if (slice.last === null) break;
        after = slice.last;
        total.accepted += slice.accepted;
        total.duplicates += slice.duplicates;
        total.rejected += slice.rejected.length;
        process.stdout.write(json ? `${JSON.stringify(slice)}\n` : refusedAgain(slice));
      }
      if (total.rejected > 0) process.exitCode = 1;
      if (json) return;
      const { accepted, duplicates, rejected } = total;
      process.stdout.write(
        `${accepted} accepted (${duplicates} of them were there already), ${rejected} refused again\n`,
      );
    });
}

const connection = ['host', 'port', 'readKeys'] as const;

function withFilter(command: Command): Command {
  command
    .option('--code <CODE>', 'only letters refused with this code')
    .option('--type <TYPE>', 'only letters of this event type')
    .option('--since <TIME>', 'only letters refused then or later (ISO 8601)');
  return withSettings(command, connection);
}

interface Listing {
  readonly counts: readonly CodeCount[];
  readonly letters: readonly LetterSummary[];
}

function searchOf(asked: { readonly [name: string]: string | null | undefined }): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) {
    if (value !== undefined && value !== null) search.set(name, value);
  }
  return search;
}

function listed({ counts, letters }: Listing): string {
  if (counts.length === 0) return 'There are no dead letters.\n';
  const table = counts.map(
    ({ code, letters: of, retried }) =>
      `${code}: ${of}${retried > 0 ? `, ${retried} retried` : ''}`,
  );
  return `${[...table, '', ...letters.map(described)].join('\n')}\n`;
}

function described(letter: LetterSummary): string {
  const { id, received_at, code, reason, type, event_id, retried_at } = letter;
  const what = [type, event_id].filter((part) => part !== null).join(' ');
  const fate = retried_at === null ? '' : `, accepted ${retried_at}`;
  return `${id}  ${received_at}  ${code}  ${what}${fate}\n  ${reason}`;
}

const refusedAgain = ({ rejected }: RetryReceipt): string =>
  rejected.map(({ id, code, message }) => `${id}  ${code}\n  ${message}\n`).join('');
