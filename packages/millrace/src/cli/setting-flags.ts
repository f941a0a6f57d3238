import { type Command, Option } from 'commander';
import {
  isSet,
  resolveSettings,
  type SettingName,
  type SettingSources,
  type Settings,
  settings,
} from './settings.ts';

/** Adds the flags of these settings, and `--config`, to a command. */
export function withSettings(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    const { flag, value, help, env, fallback } = settings[name];
    const usual = String(fallback) === '' ? '' : `; ${fallback} if not set`;
    command.addOption(new Option(`--${flag} <${value}>`, `${help} (${env}${usual})`));
  }
  return command.addOption(
    new Option('--config <FILE>', 'a file of settings (MILLRACE_CONFIG; millrace.json if there)'),
  );
}

/** What the flags, the environment and the settings file say together. */
export const settingsOf = (command: Command): Settings => resolveSettings(sourcesOf(command));

/** Whether any of them says something of a setting. */
export const saysSetting = (command: Command, name: SettingName): boolean =>
  isSet(name, sourcesOf(command));

function sourcesOf(command: Command): SettingSources {
  const flags = command.opts<{ readonly [name: string]: unknown }>();
  const file = typeof flags.config === 'string' ? flags.config : process.env.MILLRACE_CONFIG;
  return { flags, env: process.env, ...(file ? { file } : {}) };
}
