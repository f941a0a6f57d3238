import type { Command, Option } from 'commander';
import { millraceCommand } from '../../packages/millrace/src/cli/main.ts';
import { settings } from '../../packages/millrace/src/cli/settings.ts';
import { markdownTable } from '../markdown.ts';

/** `docs/reference/command.md`: every command with its arguments and options, from the tree itself. */
export const commandPage = (): string => `# The command

\`\`\`
${helpOf(millraceCommand()).trim()}
\`\`\`

A command ends with 0, or with 1 and a sentence on standard error that begins with a code of
[errors](errors.md). What an option does not say is taken from its environment variable, then from
the settings file: see [settings](settings.md).

${below(millraceCommand(), []).join('\n\n')}
`;

/** Each command that does something, the ones within it included. */
function below(command: Command, path: readonly string[]): readonly string[] {
  return command.commands.flatMap((child) => {
    const names = [...path, child.name()];
    return [section(child, names), ...below(child, names)];
  });
}

function section(command: Command, path: readonly string[]): string {
  const parts = [
    `## millrace ${path.join(' ')}`,
    `${sentence(command.description())}`,
    `\`\`\`\nmillrace ${path.join(' ')} ${command.usage()}\n\`\`\``,
    argumentsOf(command),
    optionsOf(command),
    afterHelp(command),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;

const argumentsOf = (command: Command): string =>
  command.registeredArguments.length === 0
    ? ''
    : markdownTable(
        ['argument', 'meaning'],
        command.registeredArguments.map((argument) => [
          `\`${argument.required ? argument.name() : `[${argument.name()}]`}\``,
          argument.description,
        ]),
      );

const optionsOf = (command: Command): string =>
  command.options.length === 0
    ? ''
    : markdownTable(
        ['option', 'environment', 'default', 'meaning'],
        command.options.map((option) => {
          const setting = Object.values(settings).find(({ flag }) => `--${flag}` === option.long);
          return setting === undefined
            ? [`\`${option.flags}\``, environmentOf(option), fallbackOf(option), option.description]
            : [`\`${option.flags}\``, `\`${setting.env}\``, shown(setting.fallback), setting.help];
        }),
      );

const environmentOf = (option: Option): string =>
  option.long === '--config' ? '`MILLRACE_CONFIG`' : '';

const fallbackOf = ({ defaultValue }: Option): string => shown(defaultValue);

function shown(value: unknown): string {
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0))
    return '';
  return `\`${String(value)}\``;
}

/** Everything that `--help` prints. */
function helpOf(command: Command): string {
  let text = '';
  command
    .configureOutput({
      writeOut: (more) => {
        text += more;
      },
    })
    .configureHelp({ helpWidth: 100 })
    .outputHelp();
  return text;
}

/** What it says behind the options: examples, and what is worth knowing. */
function afterHelp(command: Command): string {
  const after = helpOf(command).slice(command.helpInformation().length).trim();
  return after === '' ? '' : `\`\`\`\n${after}\n\`\`\``;
}
