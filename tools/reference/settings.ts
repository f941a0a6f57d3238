import { settings } from '../../packages/millrace/src/cli/settings.ts';
import { markdownTable } from '../markdown.ts';

const shown = (fallback: unknown): string => {
  if (Array.isArray(fallback)) return fallback.length === 0 ? 'none' : fallback.join(',');
  return `\`${String(fallback)}\``;
};

/** `docs/reference/settings.md`: what can be set from outside. */
export const settingsPage = (): string => `# Settings

Each is taken from the first place that gives it: the flag, the environment variable, the
settings file, the default. The file is \`millrace.json\` in the working folder, or the one that
\`--config\` or \`MILLRACE_CONFIG\` names: one JSON object whose names are those of the flags with
underscores, such as \`"dedup_memory_mb": 500\`. A name it does not know is an error.

${markdownTable(
  ['flag', 'environment', 'default', 'meaning'],
  Object.values(settings).map(({ flag, env, value, fallback, help }) => [
    `\`--${flag} ${value}\``,
    `\`${env}\``,
    shown(fallback),
    help,
  ]),
)}
`;
